/// \file
/// Given: the ends of an mpsc channel, a queue between tasks with many senders and one receiver. You use
/// `mpsc::channel<T>(capacity)`, `co_await sender.send(value)`, and `co_await receiver.recv()`. What the ends share
/// is in mpsc_channel.hpp.
///
/// Thread safety: any thread may use its own end. The receiver is for one task at a time.
///
/// Source: `tokio::sync::mpsc`.
#pragma once

#include <rt/channel_end.hpp>
#include <rt/mpsc_channel.hpp>
#include <rt/violation.hpp>

#include <concepts>
#include <cstddef>
#include <optional>
#include <type_traits>
#include <utility>

namespace rt::mpsc {

/// See `Receiver::recv`.
template <class T>
using Recv = rt::detail::RecvFuture<detail::Channel<T>>;

/// An end that sends. Copy it to get more senders. The channel ends when the last one is dropped.
template <class T>
class Sender {
    using Channel = detail::Channel<T>;

  public:
    explicit Sender(Channel& channel) noexcept : end_(channel) {}

    /// A future that waits for a place in the buffer and puts `value` there. Places are given in the order in which
    /// the sends began to wait. Throws a `SendError`, an `Unsent<T>`, if the receiver was dropped or closed. A send
    /// that is destroyed before it is Ready has sent nothing. The sender must outlive it.
    Send<T> send(T value) const { return Send<T>(channel(), std::move(value)); }

    /// Sends at once, or not at all. Unless the result is `sent`, `value` is left as it was.
    TrySend try_send(T&& value) const {
        Waiter waiter;
        return channel().poll_send(value, waiter, nullptr);
    }
    TrySend try_send(const T& value) const
        requires std::copy_constructible<T>
    {
        T copy = value;
        return try_send(std::move(copy));
    }

    /// True if the receiver was dropped or closed.
    bool is_closed() const noexcept { return channel().is_closed(); }

  private:
    Channel& channel() const noexcept {
        return end_.get("an mpsc sender was used after it was moved from. Copy it if you need both.");
    }

    rt::detail::ChannelEnd<Channel, rt::detail::EndRole::shared_sender> end_;
};

/// The end that receives. When it is dropped, the values that it has not received are destroyed.
template <class T>
class Receiver {
    using Channel = detail::Channel<T>;

  public:
    explicit Receiver(Channel& channel) noexcept : end_(channel) {}

    /// A future of the next value, in the order in which they were sent. Its result is `std::nullopt` if the buffer
    /// is empty, and all senders were dropped or this end was closed. A recv that is destroyed before it is Ready has
    /// taken nothing. The receiver must outlive it.
    Recv<T> recv() noexcept { return Recv<T>(channel()); }

    /// The next value if there is one now. `recv` says whether there will be more.
    std::optional<T> try_recv() { return rt::detail::try_recv(channel()); }

    /// Refuses further values. What is in the buffer can still be received.
    void close() noexcept { channel().close(); }

  private:
    Channel& channel() const noexcept { return end_.get("an mpsc receiver was used after it was moved from."); }

    rt::detail::ChannelEnd<Channel, rt::detail::EndRole::receiver> end_;
};

/// The two ends of a new channel that holds at most `capacity` values. The capacity is at least 1.
template <class T>
std::pair<Sender<T>, Receiver<T>> channel(std::size_t capacity) {
    static_assert(std::is_nothrow_move_constructible_v<T>,
                  "mpsc: T must be movable without throwing. Send a std::unique_ptr<T> instead.");
    if (capacity == 0) {
        violation("mpsc::channel: a capacity of 0 has room for nothing. Use 1 or more.");
    }
    auto* channel = new detail::Channel<T>(capacity);
    return {Sender<T>(*channel), Receiver<T>(*channel)};
}

}  // namespace rt::mpsc
