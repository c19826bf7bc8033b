/// \file
/// What the ends of an mpsc channel share: a buffer with a limited number of places. And `Send`, the future that
/// waits for a place. Because places are limited, a fast sender waits for a slow receiver (backpressure) and does not
/// fill the memory.
///
/// Invariants: a place is free, or it holds a value, or it is reserved for a sender that was woken alone. A place is
/// free only while no sender waits, so nobody overtakes a sender that waits.
///
/// The end: after the last sender is dropped, the receiver takes what is in the buffer and then gets `std::nullopt`.
/// After `close()` each send throws, also one that waits, and the receiver can still take what is in the buffer.
///
/// Thread safety: `mutex_` protects everything. Values are never destroyed under the lock, because their destructors
/// may take it.
///
/// Source: `tokio::sync::mpsc`.
#pragma once

#include <rt/budget.hpp>
#include <rt/channel_end.hpp>
#include <rt/future.hpp>
#include <rt/sync.hpp>
#include <rt/wait_list.hpp>
#include <rt/waker.hpp>

#include <cstddef>
#include <deque>
#include <exception>
#include <optional>
#include <utility>

namespace rt {

// Given: thrown by a send when the receiver was dropped or closed. `mpsc::Unsent` is derived from it and has the value.
class SendError : public std::exception {
  public:
    const char* what() const noexcept override { return "the receiver was dropped or closed, so nothing can be sent"; }
};

namespace mpsc {

// Given: the `SendError` that a send throws, with the value that was not sent.
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

template <class T>
class Channel : public rt::detail::ChannelBase {
  public:
    using Value = T;

    explicit Channel(std::size_t capacity) noexcept : places_(capacity) {}

    /// Puts `value` into the buffer, unless the channel is full or closed. Then `value` is left as it was. If the
    /// channel is full, `waiter` waits for a place, unless `waker` is null.
    TrySend poll_send(T& value, Waiter& waiter, const Waker* waker) {
        Waker replaced;  // destroyed after the lock is released
        Lock lock(mutex_);
        if (closed_) {
            return TrySend::closed;
        }
        bool has_reserved = waiter.notified() == Waiter::Notified::one;
        if (!has_reserved && places_ == 0) {
            if (waker != nullptr) {
                replaced = senders_waiting_.add(waiter, *waker);
            }
            return TrySend::full;
        }
        buffer_.push_back(std::move(value));  // if this throws, no place is taken
        places_ -= has_reserved ? 0 : 1;
        receiver_waiting_.wake_one(std::move(lock));
        return TrySend::sent;
    }

    /// Called when a send is destroyed before it has sent. If a place was reserved for it, the next sender gets the
    /// place.
    void give_up_send(Waiter& waiter) noexcept {
        Lock lock(mutex_);
        senders_waiting_.remove(waiter);
        if (waiter.notified() == Waiter::Notified::one) {
            release_place(std::move(lock));
        }
    }

    /// The next value, or `std::nullopt` if there will be none. If there is none yet, returns Pending, and `waiter`
    /// waits, unless `waker` is null.
    Poll<std::optional<T>> poll_recv(Waiter& waiter, const Waker* waker) {
        Waker replaced;  // destroyed after the lock is released
        Lock lock(mutex_);
        if (!buffer_.empty()) {
            std::optional<T> value(std::move(buffer_.front()));
            buffer_.pop_front();
            receiver_waiting_.remove(waiter);  // this recv may find the value of another one that was woken
            release_place(std::move(lock));
            return Ready<std::optional<T>>(std::move(value));
        }
        if (closed_ || senders_ == 0) {
            return Ready<std::optional<T>>(std::nullopt);
        }
        if (waker != nullptr) {
            replaced = receiver_waiting_.add(waiter, *waker);
        }
        return Pending;
    }

    /// Called when a recv is destroyed before it has received. If it was woken, another recv may have to look
    /// instead.
    void give_up_recv(Waiter& waiter) noexcept {
        Lock lock(mutex_);
        receiver_waiting_.remove(waiter);
        if (waiter.notified() == Waiter::Notified::one) {
            receiver_waiting_.wake_one(std::move(lock));
        }
    }

    /// Refuses values from now on, and wakes everyone who waits for a place or for a value.
    void close() noexcept {
        Lock lock(mutex_);
        closed_ = true;
        senders_waiting_.wake_all(std::move(lock));
        receiver_waiting_.wake_all(Lock(mutex_));
    }
    bool is_closed() noexcept {
        Lock lock(mutex_);
        return closed_;
    }

    /// Called when the receiver is destroyed. Destroys what it did not receive.
    void drop_receiver() noexcept {
        close();
        std::deque<T> rest;  // destroyed after the lock is released
        Lock lock(mutex_);
        std::swap(rest, buffer_);
    }

    /// Called when a sender is copied.
    void add_sender() noexcept {
        Lock lock(mutex_);
        ++senders_;
    }
    /// Called when a sender is destroyed. The last one wakes the receiver.
    void drop_sender() noexcept {
        Lock lock(mutex_);
        if (--senders_ == 0) {
            receiver_waiting_.wake_all(std::move(lock));
        }
    }

  private:
    /// Gives a place to the sender that has waited longest, or makes it free. Releases the lock.
    void release_place(Lock lock) noexcept {
        if (senders_waiting_.is_empty()) {
            ++places_;
        } else {
            senders_waiting_.wake_one(std::move(lock));
        }
    }

    Mutex mutex_;
    std::size_t places_;  // how many are free
    std::size_t senders_ = 1;
    bool closed_ = false;
    std::deque<T> buffer_;
    WaitList senders_waiting_;   // for a place
    WaitList receiver_waiting_;  // for a value
};

}  // namespace detail

/// See `Sender::send`.
template <class T>
class [[nodiscard]] Send {
  public:
    using Output = void;

    Send(detail::Channel<T>& channel, T value) noexcept : channel_(channel), value_(std::move(value)) {}
    Send(Send&&) noexcept = default;
    ~Send() {
        if (is_registered_) {
            channel_.give_up_send(waiter_);
        }
    }

    Poll<void> poll(Context& cx) {
        contract_.begin("send");
        if (!budget::poll_proceed(cx)) {
            return contract_.pending();
        }
        TrySend result = channel_.poll_send(value_, waiter_, &cx.waker());
        if (result == TrySend::closed) {
            throw Unsent<T>(std::move(value_));
        }
        is_registered_ = result == TrySend::full;
        if (is_registered_) {
            return contract_.pending();
        }
        budget::spend();
        return Ready();
    }

  private:
    [[no_unique_address]] Contract contract_;
    bool is_registered_ = false;  // it waits, or has a reserved place that it has not used
    detail::Channel<T>& channel_;
    T value_;
    Waiter waiter_;
};

}  // namespace mpsc
}  // namespace rt
