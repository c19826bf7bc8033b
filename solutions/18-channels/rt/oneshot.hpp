/// \file
/// Given: the two ends of a oneshot channel, which carries one value from one task to another. You use
/// `oneshot::channel<T>()`, `send`, and `co_await` of the receiver. What the ends share is in oneshot_channel.hpp.
///
/// Source: `tokio::sync::oneshot`.
#pragma once

#include <rt/budget.hpp>
#include <rt/channel_end.hpp>
#include <rt/future.hpp>
#include <rt/oneshot_channel.hpp>

#include <concepts>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

namespace rt {

/// Thrown by a oneshot receiver when no value was sent, and none will be.
class RecvError : public std::exception {
  public:
    const char* what() const noexcept override { return "the oneshot channel ended and nothing was sent"; }
};

namespace oneshot {

/// The end that sends, once. If it is dropped before it has sent, the receiver throws `RecvError`.
template <class T>
class Sender {
    using Channel = detail::Channel<T>;
    using Value = NonVoid<T>;
    using End = rt::detail::ChannelEnd<Channel, rt::detail::EndRole::sender>;

  public:
    explicit Sender(Channel& channel) noexcept : end_(channel) {}

    /// Sends, and uses the sender up. Returns false if the receiver was dropped or closed, and leaves `value` as it
    /// was.
    bool send(Value&& value) { return send_from(value); }
    bool send(const Value& value)
        requires std::copy_constructible<Value>
    {
        Value copy = value;
        return send_from(copy);
    }
    bool send()
        requires std::is_void_v<T>
    {
        return send(Value());
    }

    /// True if the receiver was dropped or closed.
    bool is_closed() const noexcept { return channel().is_closed(); }

    /// A future that is Ready when the receiver is dropped or closed. Use it in a `select`, to stop work whose result
    /// nobody wants. The sender must outlive it.
    auto closed() noexcept {
        return poll_fn([&channel = channel()](Context& cx) -> Poll<void> {
            if (channel.poll_closed(cx.waker())) {
                return Ready();
            }
            return Pending;
        });
    }

  private:
    Channel& channel() const noexcept {
        return end_.get("a oneshot sender was used after it had sent, or was moved from. It sends only once.");
    }
    bool send_from(Value& value) {
        Channel& channel = this->channel();
        End last_use = std::move(end_);
        return channel.send(value);
    }

    End end_;
};

/// The end that receives: a future of the value. Throws `RecvError` if no value comes. You can lend it to a `select`
/// with `rt::by_ref` and await it again, because the value stays in the channel until then.
template <class T>
class [[nodiscard]] Receiver {
    using Channel = detail::Channel<T>;
    using End = rt::detail::ChannelEnd<Channel, rt::detail::EndRole::receiver>;

  public:
    using Output = T;

    explicit Receiver(Channel& channel) noexcept : end_(channel) {}

    Poll<T> poll(Context& cx) {
        Channel& channel = this->channel();
        if (!budget::poll_proceed(cx) || !channel.poll_over(cx.waker())) {
            return Pending;
        }
        budget::spend();
        if constexpr (std::is_void_v<T>) {
            take();
            return Ready();
        } else {
            return Ready<T>(take());
        }
    }

    /// The value if it was sent, or nothing if it may still be. Throws `RecvError` if it never will be.
    std::optional<NonVoid<T>> try_recv() {
        if (!channel().is_over()) {
            return std::nullopt;
        }
        return take();
    }

    /// Refuses a value that is not sent yet. One that was sent before can still be received.
    void close() noexcept { channel().close(); }

  private:
    Channel& channel() const noexcept {
        return end_.get(
            "a oneshot receiver was used after it gave its value, or was moved from. It receives only once.");
    }
    NonVoid<T> take() {
        Channel& channel = this->channel();
        End last_use = std::move(end_);
        if (auto value = channel.take()) {
            return std::move(*value);
        }
        throw RecvError();
    }

    End end_;
};

/// The two ends of a new channel. `T` may be void, if the news is all that matters.
template <class T = void>
std::pair<Sender<T>, Receiver<T>> channel() {
    // Checked here and not in Sender, because a T may contain a Sender of T.
    static_assert(std::is_nothrow_move_constructible_v<NonVoid<T>>,
                  "oneshot: T must be movable without throwing. Send a std::unique_ptr<T> instead.");
    auto* channel = new detail::Channel<T>;
    return {Sender<T>(*channel), Receiver<T>(*channel)};
}

}  // namespace oneshot
}  // namespace rt
