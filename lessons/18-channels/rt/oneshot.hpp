/// \file
/// A oneshot channel, which carries one value from one task to another. You use `oneshot::channel<T>()`, `send`, and
/// `co_await` of the receiver.
///
/// Invariants: the state leaves `empty` once and never changes again. So the value goes to the
/// channel, or back to the sender, or there never is one. If the receiver is dropped after a send, the channel destroys it.
///
///     empty ──> sent      the value is in the channel
///           ──> dropped   the sender was dropped without sending
///           ──> closed    the receiver was dropped or closed
///
/// Thread safety: one thread uses the sender and one thread the receiver. `value_` belongs to the sender until the
/// state is `sent`, then to the receiver.
///
/// Source: `tokio::sync::oneshot`.
#pragma once

#include <rt/budget.hpp>
#include <rt/channel_end.hpp>
#include <rt/future.hpp>
#include <rt/outcome.hpp>
#include <rt/recycled.hpp>
#include <rt/sync.hpp>
#include <rt/todo.hpp>
#include <rt/waker.hpp>
#include <rt/waker_slot.hpp>

#include <concepts>
#include <exception>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace rt {

// Given: thrown by a oneshot receiver when no value was sent, and none will be.
class RecvError : public std::exception {
  public:
    const char* what() const noexcept override { return "the oneshot channel ended and nothing was sent"; }
};

namespace oneshot {
namespace detail {

/// What the two ends share: one value, one state word, and a slot for the receiver's waker.
template <class T>
class Channel : public Recycled {
    using Value = NonVoid<T>;
    enum class State : unsigned char { empty, sent, dropped, closed };

  public:
    Channel() = default;

    /// Moves `value` to the receiver. Returns false if the channel is closed, and leaves `value` as it was. Called
    /// once.
    bool send(Value& value) noexcept {
        // TODO(18.3) Move the value into the channel, and wake the receiver. If the channel is over, the caller keeps the
        // value.
        todo("18.3 send the value", value);
    }

    /// Called when the receiver wants no value.
    void close() noexcept { finish(State::closed); }

    bool is_closed() const noexcept { return state() == State::closed; }
    bool has_value() const noexcept { return state() == State::sent; }
    /// True if the receiver need not wait: there is a value, or there never will be one.
    bool is_over() const noexcept { return state() != State::empty; }

    /// Returns true if `is_over()`. Otherwise `waker` is woken when it is. Called by the receiver.
    bool poll_over(const Waker& waker) noexcept {
        // TODO(18.3) Is the channel over? If not, leave the waker for the sender. The sender may finish at any moment.
        todo("18.3 wait for the value", waker);
    }

    /// Called by the receiver when `has_value()`.
    Value take() noexcept { return std::move(*value_); }

    /// Called when the sender is destroyed, whether it has sent or not.
    void drop_sender() noexcept {
        // TODO(18.3) If nothing was sent, nothing ever will be. The receiver must notice, and the channel loses one end.
        todo("18.3 drop the sender");
    }

    /// Called when the receiver is destroyed. Its waker is destroyed too, because the sender may live on.
    void drop_receiver() noexcept {
        // TODO(18.3) Refuse a value that is not sent yet, and destroy the waker that the receiver has left. The channel loses
        // one end.
        todo("18.3 drop the receiver");
    }

  private:
    State state() const noexcept { return state_.load(acquire); }

    /// Returns true if this call took the state out of `empty`.
    bool finish(State to) noexcept {
        State expected = state();
        return expected == State::empty && state_.compare_exchange_strong(expected, to, acq_rel, acquire);
    }

    /// The last end deletes the channel.
    void drop_end() noexcept {
        if (ends_.fetch_sub(1, acq_rel) == 1) {
            delete this;
        }
    }

    Atomic<State> state_{State::empty};
    Atomic<int> ends_{2};
    std::optional<Value> value_;
    WakerSlot receiver_;  // waits until the channel is over
};

}  // namespace detail

// Given: the end that sends, once. If it is dropped before it has sent, the receiver throws `RecvError`.
template <class T>
class Sender {
    using Channel = detail::Channel<T>;
    using Value = NonVoid<T>;
    struct Drop {
        void operator()(Channel* channel) const noexcept { channel->drop_sender(); }
    };

  public:
    explicit Sender(Channel& channel) noexcept : end_(&channel) {}

    /// Sends, and uses the sender up. Returns false if the receiver was dropped or closed, and leaves `value` as it
    /// was.
    bool send(Value&& value) {
        Channel& channel = this->channel();
        auto last_use = std::move(end_);
        return channel.send(value);
    }
    bool send(const Value& value)
        requires std::copy_constructible<Value>
    {
        return send(Value(value));
    }
    bool send()
        requires std::is_void_v<T>
    {
        return send(Value());
    }

    /// True if the receiver was dropped or closed.
    bool is_closed() const noexcept { return channel().is_closed(); }

  private:
    Channel& channel() const noexcept {
        return rt::detail::checked(
            end_, "a oneshot sender was used after it had sent or was moved from. Make a new channel for each value.");
    }

    std::unique_ptr<Channel, Drop> end_;
};

// Given: the end that receives: a future of the value. Throws `RecvError` if no value comes. You can lend it to a
// `select` with `rt::by_ref` and await it again, because the value stays in the channel until then.
template <class T>
class [[nodiscard]] Receiver {
    using Channel = detail::Channel<T>;
    struct Drop {
        void operator()(Channel* channel) const noexcept { channel->drop_receiver(); }
    };

  public:
    using Output = T;

    explicit Receiver(Channel& channel) noexcept : end_(&channel) {}

    Poll<T> poll(Context& cx) {
        if (!share_.poll_proceed(cx) || !channel().poll_over(cx.waker())) {
            return Pending;
        }
        budget::spend();
        return ready_with<T>(take());
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
        return rt::detail::checked(
            end_,
            "a oneshot receiver was used after it gave its value or was moved from. Make a new channel for each "
            "value.");
    }
    NonVoid<T> take() {
        if (!channel().has_value()) {
            throw RecvError();
        }
        auto last_use = std::move(end_);
        return last_use->take();
    }

    std::unique_ptr<Channel, Drop> end_;
    budget::Share share_;
};

// Given: the two ends of a new channel. `T` may be void, if the news is all that matters.
template <class T = void>
std::pair<Sender<T>, Receiver<T>> channel() {
    // Checked here and not in Sender, because a T may contain a Sender of T.
    using Value = NonVoid<T>;
    static_assert(std::is_nothrow_move_constructible_v<Value> && std::is_nothrow_move_assignable_v<Value>,
                  "oneshot: T must be movable without throwing. Send a std::unique_ptr<T> instead.");
    auto* channel = new detail::Channel<T>;
    return {Sender<T>(*channel), Receiver<T>(*channel)};
}

}  // namespace oneshot
}  // namespace rt
