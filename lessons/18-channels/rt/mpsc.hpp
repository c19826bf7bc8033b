/// \file
/// An mpsc channel: a queue between tasks with many senders and one receiver. You use `mpsc::channel<T>(capacity)`,
/// `co_await sender.send(value)`, and `co_await receiver.recv()`.
///
/// The number of places is limited, so a fast sender waits for a slow receiver (backpressure) and does not fill the
/// memory.
///
/// Invariants: each place of the buffer is free, or it holds a value, or it is reserved for a send that was woken alone. A
/// place is free only while no send waits, so no send overtakes one that waits. Once the channel is closed, no value
/// comes in.
///
/// Thread safety: any thread may use its own end. The receiver is for one task at a time. `mutex_` protects everything.
/// Values are never destroyed under the lock, because their destructors may take it.
///
/// Source: `tokio::sync::mpsc`.
#pragma once

#include <rt/channel_end.hpp>
#include <rt/future.hpp>
#include <rt/sync.hpp>
#include <rt/todo.hpp>
#include <rt/violation.hpp>
#include <rt/wait_list.hpp>
#include <rt/waker.hpp>

#include <concepts>
#include <cstddef>
#include <deque>
#include <exception>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace rt {

// Given: thrown by a send when the receiver was dropped or closed.
class SendError : public std::exception {
  public:
    const char* what() const noexcept override { return "the receiver was dropped or closed, so nothing can be sent"; }
};

namespace mpsc {

// Given: the SendError that is thrown, with the value that was not sent.
template <class T>
class Unsent : public SendError {
  public:
    explicit Unsent(T value) noexcept : value_(std::move(value)) {}

    /// Gives the value back. Called once.
    T take() noexcept { return std::move(value_); }

  private:
    T value_;
};

/// The result of a `try_send`.
enum class TrySend { sent, full, closed };

namespace detail {

/// What the ends share: a buffer with a limited number of places.
template <class T>
class Channel {
  public:
    using Value = T;

    explicit Channel(std::size_t capacity) noexcept : places_(capacity) {}

    /// Puts `value` into the buffer, and wakes the receiver. If the channel is closed or full, `value` is left as it was.
    /// If it is full, `waiter` waits for a place, unless `waker` is null.
    TrySend poll_send(T& value, Waiter& waiter, const Waker* waker) {
        // TODO(18.2) Put the value into the place that is reserved for this send, or else into a free one. Wake the
        // receiver. If the channel is closed or full, say so.
        todo("18.2 send or wait for a place", value, waiter, waker, places_);
    }

    /// Called when a send is destroyed after it was Pending. If a place was reserved for it, the next send gets the place.
    void give_up_send(Waiter& waiter) noexcept {
        // TODO(18.2) This send waits no longer. If a place is reserved for it, the place must not be lost.
        todo("18.2 give up a send", waiter);
    }

    /// The oldest value, or `std::nullopt` if there is none and the channel is closed. If a value may still come, returns
    /// Pending, and `waiter` waits for it, unless `waker` is null.
    Poll<std::optional<T>> poll_recv(Waiter& waiter, const Waker* waker) {
        // TODO(18.2) Take the oldest value and release its place. Without a value, it is the end if the channel is closed.
        // Otherwise wait.
        todo("18.2 receive or wait for a value", waiter, waker);
    }

    // Given: called when a recv is destroyed after it was Pending. If it was woken, another recv looks instead.
    void give_up_recv(Waiter& waiter) noexcept {
        Lock lock(mutex_);
        receiver_waiting_.remove(waiter);
        if (waiter.was_woken_alone()) {
            receiver_waiting_.wake_one(std::move(lock));
        }
    }

    /// Refuses values from now on, and wakes each future that waits. Called by the receiver, and when the last sender is
    /// destroyed.
    void close() noexcept {
        // TODO(18.2) Refuse values from now on. Wake each future that waits for a place or for a value, because it waits in
        // vain.
        todo("18.2 close");
    }

    /// Called when the receiver is destroyed. Closes the channel, and destroys the values that were not received.
    void drop_receiver() noexcept {
        // TODO(18.2) Close the channel, and destroy the values in the buffer. A destructor of a value may use the channel.
        todo("18.2 drop the receiver", buffer_);
    }

    // Given: see `Sender::is_closed`.
    bool is_closed() noexcept {
        Lock lock(mutex_);
        return closed_;
    }

  private:
    /// A place has become free. Reserves it for the send that has waited longest, and wakes that send. If none waits, the
    /// place is free. Releases the lock.
    void release_place(Lock lock) noexcept {
        // TODO(18.2) Reserve the place for the send that has waited longest, and wake it. If no send waits, the place is
        // free.
        todo("18.2 release a place", lock);
    }

    // Given: takes the oldest value out of the buffer for the recv of `waiter`, which is in the list if another recv was
    // woken for this value. Called under the lock.
    std::optional<T> take_oldest(Waiter& waiter) {
        receiver_waiting_.remove(waiter);
        std::optional<T> value(std::move(buffer_.front()));
        buffer_.pop_front();
        return value;
    }

    Mutex mutex_;
    std::size_t places_;  // how many are free
    bool closed_ = false;
    std::deque<T> buffer_;
    WaitList senders_waiting_;   // for a place
    WaitList receiver_waiting_;  // for a value
};

// Given: what a send waits for.
template <class T>
class SendWait {
  public:
    using Output = void;
    static constexpr const char* name = "send";

    SendWait(Channel<T>& channel, T value) noexcept : channel_(channel), value_(std::move(value)) {}

    Poll<void> poll(Waiter& waiter, const Waker& waker) {
        TrySend result = channel_.poll_send(value_, waiter, &waker);
        if (result == TrySend::closed) {
            throw Unsent<T>(std::move(value_));
        }
        return result == TrySend::sent ? Poll<void>(Ready()) : Pending;
    }
    void give_up(Waiter& waiter) noexcept { channel_.give_up_send(waiter); }

  private:
    Channel<T>& channel_;
    T value_;
};

}  // namespace detail

/// See `Sender::send`.
template <class T>
using Send = rt::detail::WaitFuture<detail::SendWait<T>>;

/// See `Receiver::recv`.
template <class T>
using Recv = rt::detail::RecvFuture<detail::Channel<T>>;

// Given: an end that sends. Copy it to get more senders. The channel ends when the last one is dropped.
template <class T>
class Sender {
    using Channel = detail::Channel<T>;

  public:
    explicit Sender(std::shared_ptr<Channel> end) noexcept : end_(std::move(end)) {}

    /// A future that waits for a place in the buffer and puts `value` there. Places are given in the order in which
    /// the sends began to wait. Throws an `Unsent<T>` if the receiver was dropped or closed. A send that is destroyed
    /// before it is Ready has sent nothing. The sender must outlive it.
    Send<T> send(T value) const { return Send<T>({channel(), std::move(value)}); }

    /// Sends at once, or not at all. Unless the result is `sent`, `value` is left as it was.
    TrySend try_send(T&& value) const {
        Waiter waiter;
        return channel().poll_send(value, waiter, nullptr);
    }
    TrySend try_send(const T& value) const
        requires std::copy_constructible<T>
    {
        return try_send(T(value));
    }

    /// True if the receiver was dropped or closed.
    bool is_closed() const noexcept { return channel().is_closed(); }

  private:
    Channel& channel() const noexcept {
        return rt::detail::checked(end_, "an mpsc sender was used after it was moved from. Copy it if you need both.");
    }

    std::shared_ptr<Channel> end_;
};

// Given: the end that receives. When it is dropped, the values that it has not received are destroyed.
template <class T>
class Receiver {
    using Channel = detail::Channel<T>;

  public:
    explicit Receiver(std::shared_ptr<Channel> end) noexcept : end_(std::move(end)) {}
    Receiver(Receiver&&) noexcept = default;
    Receiver& operator=(Receiver&&) noexcept = default;

    /// A future of the next value, in the order in which they were sent. Its result is `std::nullopt` if the buffer
    /// is empty, and all senders were dropped or this end was closed. A recv that is destroyed before it is Ready has
    /// taken nothing. The receiver must outlive it.
    Recv<T> recv() noexcept { return Recv<T>(channel()); }

    /// The next value if there is one now. `recv` says whether there will be more.
    std::optional<T> try_recv() { return rt::detail::try_recv(channel()); }

    /// Refuses further values. What is in the buffer can still be received.
    void close() noexcept { channel().close(); }

    /// True if nothing can be sent any more: this end was closed, or all senders were dropped.
    bool is_closed() const noexcept { return channel().is_closed(); }

  private:
    Channel& channel() const noexcept {
        return rt::detail::checked(
            end_, "an mpsc receiver was used after it was moved from. Use the object that it was moved to.");
    }

    std::shared_ptr<Channel> end_;
};

// Given: the two ends of a new channel that holds at most `capacity` values. The capacity is at least 1.
template <class T>
std::pair<Sender<T>, Receiver<T>> channel(std::size_t capacity) {
    static_assert(std::is_nothrow_move_constructible_v<T>,
                  "mpsc: T must be movable without throwing. Send a std::unique_ptr<T> instead.");
    if (capacity == 0) {
        violation("mpsc::channel was called with a capacity of 0. Pass 1 or more.");
    }
    using Channel = detail::Channel<T>;
    auto channel = std::make_shared<Channel>(capacity);
    return {Sender<T>(rt::detail::channel_end<&Channel::close>(channel)),
            Receiver<T>(rt::detail::channel_end<&Channel::drop_receiver>(channel))};
}

}  // namespace mpsc
}  // namespace rt
