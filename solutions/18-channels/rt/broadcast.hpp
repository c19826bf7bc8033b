/// \file
/// `broadcast::channel<T>(capacity)`: every receiver sees every value that was sent after it subscribed.
///
/// Nobody waits for a slow receiver: the channel keeps the last `capacity` values, and a new one takes the place of the
/// oldest. A receiver that has fallen behind further than that is told how many it missed (`Lagged`), once, and goes on
/// with the oldest that is kept.
///
/// The values are numbered from 0; number n lies in slot n % capacity. A receiver is a number: the next it wants. A value
/// leaves its slot when the last receiver has seen it. The buffer belongs to the mutex; a receiver's number belongs to the
/// receiver. Values are copied and destroyed outside of the lock.
///
/// Source of the idea: `tokio::sync::broadcast`.
#pragma once

#include <rt/budget.hpp>
#include <rt/future.hpp>
#include <rt/sync.hpp>
#include <rt/violation.hpp>
#include <rt/wait_list.hpp>
#include <rt/waker.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace rt {

/// Thrown to a broadcast receiver that was too slow. It can go on receiving.
class Lagged : public std::exception {
  public:
    explicit Lagged(std::uint64_t missed) noexcept : missed_(missed) {}

    /// How many values it will never see.
    std::uint64_t missed() const noexcept { return missed_; }
    const char* what() const noexcept override { return "the receiver was too slow and has missed values"; }

  private:
    std::uint64_t missed_;
};

namespace broadcast {

template <class T>
class Receiver;
template <class T>
class Sender;

/// The first two ends of a new channel that keeps `capacity` values, and at least 1; more senders are copies of the
/// first, and `subscribe` makes more receivers.
template <std::copy_constructible T>
std::pair<Sender<T>, Receiver<T>> channel(std::size_t capacity);

namespace detail {

/// What all ends share.
template <class T>
class Channel {
  public:
    using Number = std::uint64_t;
    using Kept = std::shared_ptr<const T>;

    explicit Channel(std::size_t capacity) : slots_(capacity) {}

    /// Returns how many receivers there are to see it.
    std::size_t send(T value) {
        auto kept = std::make_shared<const T>(std::move(value));
        Lock lock(mutex_);
        if (receivers_ == 0) {
            lock.unlock();
            return 0;
        }
        Slot& slot = slot_of(next_++);
        kept.swap(slot.value);  // the oldest leaves with `kept`
        slot.unseen = receivers_;
        std::size_t receivers = receivers_;
        waiting_.call_all(std::move(lock));
        return receivers;
    }

    /// The value with number `at`, which is counted up; nothing when there will be none. If there is none yet: Pending, and
    /// `waiter` (unless null) waits.
    Poll<std::optional<T>> poll_recv(Number& at, Waiter* waiter, Context* cx) {
        Kept kept;
        Waker replaced;
        {
            Lock lock(mutex_);
            if (at == next_ && has_senders_) {
                if (waiter != nullptr) {
                    replaced = waiting_.wait(*waiter, cx->waker());
                }
                return Pending;
            }
            if (waiter != nullptr) {
                WaitList::leave(*waiter);
            }
            if (at == next_) {
                return Ready<std::optional<T>>(std::nullopt);
            }
            if (Number const oldest = this->oldest(); at < oldest) {
                throw Lagged(oldest - std::exchange(at, oldest));
            }
            kept = see(at++);
        }
        return Ready<std::optional<T>>(*kept);
    }

    /// A recv that waited is dropped.
    void give_up(Waiter& waiter) noexcept {
        Lock lock(mutex_);
        WaitList::leave(waiter);
    }

    /// A new receiver; returns the number of the first value it will see.
    Number add_receiver() noexcept {
        Lock lock(mutex_);
        ++receivers_;
        return next_;
    }
    /// A receiver goes that would have seen number `at` next.
    void drop_receiver(Number at) noexcept {
        Number end = at;
        {
            Lock lock(mutex_);
            --receivers_;
            end = next_;  // whoever sends from now on does not count on this one
        }
        while (at != end) {
            Kept last;  // destroyed when the lock is given back
            Lock lock(mutex_);
            at = std::max(at, std::min(end, oldest()));
            if (at != end) {
                last = see(at++);
            }
        }
    }
    std::size_t receivers() noexcept {
        Lock lock(mutex_);
        return receivers_;
    }

    void add_sender() noexcept { senders_.fetch_add(1, relaxed); }
    void drop_sender() noexcept {
        if (senders_.fetch_sub(1, acq_rel) != 1) {
            return;
        }
        Lock lock(mutex_);
        has_senders_ = false;
        waiting_.call_all(std::move(lock));
    }

  private:
    struct Slot {
        Kept value;              // null: nothing was sent yet, or all have seen it
        std::size_t unseen = 0;  // by how many receivers
    };

    Slot& slot_of(Number number) noexcept { return slots_[static_cast<std::size_t>(number % slots_.size())]; }
    Number oldest() const noexcept { return next_ < slots_.size() ? 0 : next_ - slots_.size(); }

    /// Under the lock: one receiver has seen number `at`. If it was the last one, the value leaves its slot.
    Kept see(Number at) noexcept {
        Slot& slot = slot_of(at);
        return --slot.unseen == 0 ? std::move(slot.value) : slot.value;
    }

    Atomic<std::size_t> senders_{1};
    Mutex mutex_;
    bool has_senders_ = true;
    std::size_t receivers_ = 0;
    Number next_ = 0;  // of the next value to be sent
    std::vector<Slot> slots_;
    WaitList waiting_;  // receivers that have seen everything
};

}  // namespace detail

/// An end that sends; copies of it are further senders. The channel ends when the last one is dropped.
template <class T>
class Sender {
  public:
    Sender(const Sender& other) noexcept : channel_(other.channel_) {
        if (channel_ != nullptr) {
            channel_->add_sender();
        }
    }
    Sender(Sender&&) noexcept = default;
    Sender& operator=(Sender other) noexcept {
        std::swap(channel_, other.channel_);
        return *this;
    }
    ~Sender() {
        if (channel_ != nullptr) {
            channel_->drop_sender();
        }
    }

    /// Sends to all receivers there are now; never waits. Returns how many those are: with 0, nobody will see it.
    std::size_t send(T value) const { return channel().send(std::move(value)); }

    /// A new receiver, which sees what is sent from now on.
    Receiver<T> subscribe() const;

    /// How many receivers there are.
    std::size_t receiver_count() const noexcept { return channel().receivers(); }

  private:
    friend std::pair<Sender, Receiver<T>> broadcast::channel<T>(std::size_t);
    explicit Sender(std::shared_ptr<detail::Channel<T>> channel) noexcept : channel_(std::move(channel)) {}

    detail::Channel<T>& channel() const noexcept {
        if (channel_ == nullptr) {
            violation("a broadcast sender was used after it was moved from: copy it if both are needed");
        }
        return *channel_;
    }

    std::shared_ptr<detail::Channel<T>> channel_;
};

/// See `Receiver::recv`.
template <class T>
class [[nodiscard]] Recv {
    using Channel = detail::Channel<T>;

  public:
    using Output = std::optional<T>;

    Recv(Channel& channel, typename Channel::Number& at) noexcept : channel_(channel), at_(at) {}
    Recv(Recv&&) noexcept = default;
    ~Recv() {
        if (is_registered_) {
            channel_.give_up(waiter_);
        }
    }

    Poll<Output> poll(Context& cx) {
        contract_.begin("recv");
        if (!budget::has_some(cx)) {
            return contract_.pending();
        }
        Poll<Output> poll = channel_.poll_recv(at_, &waiter_, &cx);
        is_registered_ = poll.is_pending();
        if (is_registered_) {
            return contract_.pending();
        }
        budget::spend();
        return poll;
    }

  private:
    [[no_unique_address]] Contract contract_;
    bool is_registered_ = false;
    Channel& channel_;
    typename Channel::Number& at_;
    Waiter waiter_;
};

/// An end that receives; for one task at a time.
template <class T>
class Receiver {
  public:
    Receiver(Receiver&& other) noexcept : channel_(std::move(other.channel_)), at_(other.at_) {}
    Receiver& operator=(Receiver other) noexcept {
        std::swap(channel_, other.channel_);
        std::swap(at_, other.at_);
        return *this;
    }
    ~Receiver() {
        if (channel_ != nullptr) {
            channel_->drop_receiver(at_);
        }
    }

    /// A future of the next value, a copy of one's own; of nothing, when all senders have gone and everything was seen.
    /// Throws `Lagged` if values were missed; the next recv then gives the oldest that is kept. Dropped before it is done,
    /// it has taken nothing. The receiver must outlive it, and stay where it is.
    Recv<T> recv() noexcept { return Recv<T>(channel(), at_); }

    /// The next value if it is there; throws as `recv` does. `recv` tells whether there will be more.
    std::optional<T> try_recv() {
        Poll<std::optional<T>> poll = channel().poll_recv(at_, nullptr, nullptr);
        return poll.is_ready() ? std::move(poll).value() : std::nullopt;
    }

  private:
    friend Sender<T>;
    friend std::pair<Sender<T>, Receiver> broadcast::channel<T>(std::size_t);
    explicit Receiver(std::shared_ptr<detail::Channel<T>> channel) noexcept
        : channel_(std::move(channel)), at_(channel_->add_receiver()) {}

    detail::Channel<T>& channel() const noexcept {
        if (channel_ == nullptr) {
            violation("a broadcast receiver was used after it was moved from");
        }
        return *channel_;
    }

    std::shared_ptr<detail::Channel<T>> channel_;
    typename detail::Channel<T>::Number at_;
};

template <class T>
Receiver<T> Sender<T>::subscribe() const {
    channel();
    return Receiver<T>(channel_);
}

template <std::copy_constructible T>
std::pair<Sender<T>, Receiver<T>> channel(std::size_t capacity) {
    if (capacity == 0) {
        violation("broadcast::channel: a capacity of 0 keeps nothing; use 1 or more");
    }
    auto channel = std::make_shared<detail::Channel<T>>(capacity);
    Receiver<T> receiver(channel);
    return {Sender<T>(std::move(channel)), std::move(receiver)};
}

}  // namespace broadcast
}  // namespace rt
