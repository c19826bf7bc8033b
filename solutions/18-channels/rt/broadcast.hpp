/// \file
/// Given: a broadcast channel, in which every receiver gets a copy of every value that was sent after it subscribed.
/// You use `broadcast::channel<T>(capacity)`, `send`, `subscribe`, and `co_await receiver.recv()`.
///
/// A sender never waits for a slow receiver. Each receiver has a queue of at most `capacity` values, and a new value
/// pushes the oldest one out. A receiver that has missed values gets the exception `Lagged` once, then the oldest
/// value in its queue.
///
/// Thread safety: any thread may use its own end. The mutex protects everything. Values are copied and destroyed
/// without the lock.
///
/// Source: `tokio::sync::broadcast`.
#pragma once

#include <rt/channel_end.hpp>
#include <rt/future.hpp>
#include <rt/sync.hpp>
#include <rt/violation.hpp>
#include <rt/wait_list.hpp>
#include <rt/waker.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace rt {

/// Thrown to a broadcast receiver that was too slow. It can continue to receive.
class Lagged : public std::exception {
  public:
    explicit Lagged(std::uint64_t missed) noexcept : missed_(missed) {}

    /// How many values the receiver has missed.
    std::uint64_t missed() const noexcept { return missed_; }
    const char* what() const noexcept override { return "the receiver was too slow and has missed values"; }

  private:
    std::uint64_t missed_;
};

namespace broadcast {

namespace detail {

template <class T>
class Queue;

/// What all ends share.
template <class T>
class Channel : public std::enable_shared_from_this<Channel<T>> {
  public:
    explicit Channel(std::size_t capacity) noexcept : capacity_(capacity) {}

    /// Returns the number of receivers that will see `value`.
    std::size_t send(T value) {
        auto shared = std::make_shared<const T>(std::move(value));
        std::vector<std::shared_ptr<const T>> oldest;  // destroyed after the lock is released
        Lock lock(mutex_);
        for (Queue<T>* queue : queues_) {
            if (queue->values_.size() == capacity_) {
                oldest.push_back(std::move(queue->values_.front()));
                queue->values_.pop_front();
                ++queue->missed_;
            }
            queue->values_.push_back(shared);
        }
        std::size_t receivers = queues_.size();
        waiting_.wake_all(std::move(lock));
        return receivers;
    }

    std::size_t receivers() noexcept {
        Lock lock(mutex_);
        return queues_.size();
    }

    /// Called when the last sender is destroyed.
    void drop_senders() noexcept {
        Lock lock(mutex_);
        has_senders_ = false;
        waiting_.wake_all(std::move(lock));
    }

  private:
    friend Queue<T>;

    Mutex mutex_;
    std::size_t const capacity_;
    bool has_senders_ = true;
    std::vector<Queue<T>*> queues_;  // of all receivers
    WaitList waiting_;               // receivers whose queue is empty
};

/// What one receiver has not seen yet. It does not move when its Receiver does.
template <class T>
class Queue {
  public:
    using Value = T;

    explicit Queue(std::shared_ptr<Channel<T>> channel) : channel_(std::move(channel)) {
        Lock lock(channel_->mutex_);
        channel_->queues_.push_back(this);
    }
    Queue(const Queue&) = delete;
    Queue& operator=(const Queue&) = delete;
    ~Queue() {
        Lock lock(channel_->mutex_);
        std::erase(channel_->queues_, this);
    }

    /// The next value, or `std::nullopt` if there will be none. If there is none yet, returns Pending, and `waiter`
    /// waits, unless `waker` is null.
    Poll<std::optional<T>> poll_recv(Waiter& waiter, const Waker* waker) {
        Lock lock(channel_->mutex_);
        if (missed_ != 0) {
            throw Lagged(std::exchange(missed_, 0));
        }
        if (!values_.empty()) {
            std::shared_ptr<const T> value = std::move(values_.front());
            values_.pop_front();
            lock.unlock();
            return Ready<std::optional<T>>(*value);
        }
        if (!channel_->has_senders_) {
            return Ready<std::optional<T>>(std::nullopt);
        }
        if (waker != nullptr) {
            channel_->waiting_.add(waiter, *waker, std::move(lock));
        }
        return Pending;
    }

    /// Called when a recv is destroyed before it has received.
    void give_up_recv(Waiter& waiter) noexcept {
        Lock lock(channel_->mutex_);
        channel_->waiting_.remove(waiter);
    }

  private:
    friend Channel<T>;

    std::shared_ptr<Channel<T>> channel_;
    std::deque<std::shared_ptr<const T>> values_;
    std::uint64_t missed_ = 0;  // how many were pushed out since the last Lagged
};

}  // namespace detail

/// See `Receiver::recv`.
template <class T>
using Recv = rt::detail::RecvFuture<detail::Queue<T>>;

/// An end that receives, for one task at a time.
template <class T>
class Receiver {
  public:
    explicit Receiver(std::shared_ptr<detail::Channel<T>> channel)
        : queue_(std::make_unique<detail::Queue<T>>(std::move(channel))) {}

    /// A future of the next value, as a copy. Its result is `std::nullopt` if all senders were dropped and this
    /// receiver has seen everything. Throws `Lagged` if it has missed values. A recv that is destroyed before it is
    /// Ready has taken nothing. The receiver must outlive it.
    Recv<T> recv() noexcept { return Recv<T>(queue()); }

    /// The next value if there is one now. Throws `Lagged` as `recv` does. `recv` says whether there will be more.
    std::optional<T> try_recv() { return rt::detail::try_recv(queue()); }

  private:
    detail::Queue<T>& queue() const noexcept {
        return rt::detail::checked(
            queue_, "a broadcast receiver was used after it was moved from. Use the object that it was moved to.");
    }

    std::unique_ptr<detail::Queue<T>> queue_;
};

/// An end that sends. Copy it to get more senders. The channel ends when the last one is dropped.
template <class T>
class Sender {
    using Channel = detail::Channel<T>;

  public:
    explicit Sender(std::shared_ptr<Channel> end) noexcept : end_(std::move(end)) {}

    /// Sends to all receivers, without waiting. Returns how many there are. If that is 0, `value` is destroyed.
    std::size_t send(T value) const { return channel().send(std::move(value)); }

    /// A new receiver, which sees what is sent from now on.
    Receiver<T> subscribe() const { return Receiver<T>(channel().shared_from_this()); }

    /// How many receivers there are.
    std::size_t receiver_count() const noexcept { return channel().receivers(); }

  private:
    Channel& channel() const noexcept {
        return rt::detail::checked(end_,
                                   "a broadcast sender was used after it was moved from. Copy it if you need both.");
    }

    std::shared_ptr<Channel> end_;
};

/// The first two ends of a new channel that keeps `capacity` values. The capacity is at least 1.
template <std::copy_constructible T>
std::pair<Sender<T>, Receiver<T>> channel(std::size_t capacity) {
    if (capacity == 0) {
        violation("broadcast::channel was called with a capacity of 0. Pass 1 or more.");
    }
    using Channel = detail::Channel<T>;
    auto channel = std::make_shared<Channel>(capacity);
    return {Sender<T>(rt::detail::channel_end<&Channel::drop_senders>(channel)), Receiver<T>(channel)};
}

}  // namespace broadcast
}  // namespace rt
