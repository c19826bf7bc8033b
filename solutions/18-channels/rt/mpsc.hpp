/// \file
/// `mpsc::channel<T>(capacity)`: a queue between tasks. Many senders, one receiver, and an end to its length.
///
/// Bounded, so that a fast sender waits for a slow receiver (backpressure) instead of filling the memory. The room is
/// counted: `room_` places are free; each value in the buffer has one, and so has each waiting sender that was called,
/// until it comes and puts its value in. A place that becomes free goes to the sender that has waited longest; only if
/// none waits it is free for all. So nobody overtakes, and a send that is dropped before it is done has sent nothing.
///
/// The end comes from either side:
///   the last sender goes        the receiver takes what is in the buffer, and then gets `std::nullopt`
///   the receiver goes           the buffer is destroyed, and every send, waiting or new, throws `SendError`
///   the receiver says close()   as above, but it can still take what is in the buffer
///
/// Any thread may call anything here, but the receiver is for one task at a time. All that the channel has belongs to its
/// mutex. A `T` is moved under the lock, but never destroyed there: its destructor may come back for the same lock.
///
/// Source of the idea: `tokio::sync::mpsc`.
#pragma once

#include <rt/budget.hpp>
#include <rt/future.hpp>
#include <rt/ring.hpp>
#include <rt/sync.hpp>
#include <rt/violation.hpp>
#include <rt/wait_list.hpp>
#include <rt/waker.hpp>

#include <concepts>
#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace rt {

/// Thrown by `mpsc::Sender::send` when the receiver has gone or is closed. See `mpsc::Unsent` for the value.
class SendError : public std::exception {
  public:
    const char* what() const noexcept override { return "the receiver has gone, nobody would get what is sent"; }
};

namespace mpsc {

/// The SendError that is thrown: has the value that could not be sent.
template <class T>
class Unsent : public SendError {
  public:
    explicit Unsent(T value) : value_(std::make_shared<T>(std::move(value))) {}

    /// Gives the value back. Called once.
    T take() { return std::move(*value_); }

  private:
    std::shared_ptr<T> value_;  // shared, because exceptions are copied, and T need not be
};

/// What came of a `try_send`.
enum class TrySend { sent, full, closed };

namespace detail {

/// What all ends share.
template <class T>
class Channel {
  public:
    explicit Channel(std::size_t capacity) noexcept : room_(capacity) {}

    /// Puts `value` into the buffer if there is room and nobody waits for it. Called by who does not want to wait.
    TrySend try_send(T& value) {
        Waker receiver;
        {
            Lock lock(mutex_);
            if (closed_ || room_ == 0) {
                return closed_ ? TrySend::closed : TrySend::full;
            }
            buffer_.push(std::move(value));
            --room_;
            receiver = std::move(receiver_waker_);
        }
        wake(std::move(receiver));
        return TrySend::sent;
    }

    /// As `try_send`, but if there is no room `waiter` waits for it.
    TrySend poll_send(T& value, Waiter& waiter, Context& cx) {
        Waker receiver;
        Waker replaced;
        {
            Lock lock(mutex_);
            if (closed_) {
                return TrySend::closed;
            }
            bool has_place = waiter.called() != Waiter::Called::not_yet;  // kept for it
            if (!has_place && (room_ == 0 || waiter.is_waiting())) {
                replaced = waiting_.wait(waiter, cx.waker());
                return TrySend::full;
            }
            buffer_.push(std::move(value));  // if it throws, no place is taken
            room_ -= has_place ? 0 : 1;
            receiver = std::move(receiver_waker_);
        }
        wake(std::move(receiver));
        return TrySend::sent;
    }

    /// A send that waited is dropped without having sent. The place that was kept for it goes to the next.
    void give_up(Waiter& waiter) noexcept {
        Waker next;
        {
            Lock lock(mutex_);
            WaitList::leave(waiter);
            if (waiter.called() == Waiter::Called::alone) {
                next = free_one();
            }
        }
        wake(std::move(next));
    }

    /// The next value; nothing when there will be none. If there is none yet: Pending, and `waker` (unless null) is kept.
    Poll<std::optional<T>> poll_recv(const Waker* waker) {
        std::optional<T> value;
        Waker sender;
        Waker replaced;
        {
            Lock lock(mutex_);
            if (buffer_.is_empty()) {
                if (closed_ || !has_senders_) {
                    return Ready<std::optional<T>>(std::nullopt);
                }
                if (waker != nullptr && !receiver_waker_.will_wake(*waker)) {
                    replaced = std::exchange(receiver_waker_, *waker);
                }
                return Pending;
            }
            value.emplace(buffer_.pop());
            sender = free_one();
        }
        wake(std::move(sender));
        return Ready<std::optional<T>>(std::move(value));
    }

    /// A recv that waited is dropped.
    void forget_receiver_waker() noexcept {
        Waker forgotten;
        Lock lock(mutex_);
        forgotten = std::move(receiver_waker_);
    }

    /// From now on nothing is sent; whoever waits for room, or for a value, is told so.
    void close() noexcept {
        Lock lock(mutex_);
        closed_ = true;
        Waker receiver = std::move(receiver_waker_);
        waiting_.call_all(std::move(lock));
        wake(std::move(receiver));
    }
    bool is_closed() noexcept {
        Lock lock(mutex_);
        return closed_;
    }

    /// The receiver goes, and with it all that it did not take.
    void drop_receiver() noexcept {
        close();
        Ring<T> rest;  // destroyed when the lock is given back
        Lock lock(mutex_);
        std::swap(rest, buffer_);
    }

    void add_sender() noexcept { senders_.fetch_add(1, relaxed); }
    void drop_sender() noexcept {
        if (senders_.fetch_sub(1, acq_rel) != 1) {
            return;
        }
        Waker receiver;
        {
            Lock lock(mutex_);
            has_senders_ = false;
            receiver = std::move(receiver_waker_);
        }
        wake(std::move(receiver));
    }

  private:
    static void wake(Waker waker) noexcept {
        if (waker) {
            std::move(waker).wake();
        }
    }
    /// Under the lock: a place became free. The waker is to be woken after it.
    Waker free_one() noexcept {
        if (waiting_.is_empty()) {
            ++room_;
            return Waker();
        }
        return waiting_.call_one();
    }

    Atomic<std::size_t> senders_{1};
    Mutex mutex_;
    std::size_t room_;  // not 0 only if no sender waits
    bool closed_ = false;
    bool has_senders_ = true;
    Waker receiver_waker_;
    WaitList waiting_;  // senders, for room
    Ring<T> buffer_;
};

}  // namespace detail

template <class T>
class Receiver;
template <class T>
class Sender;

/// The two ends of a new channel that holds `capacity` values at most, and at least 1.
template <class T>
std::pair<Sender<T>, Receiver<T>> channel(std::size_t capacity);

/// See `Sender::send`.
template <class T>
class [[nodiscard]] Send {
  public:
    using Output = void;

    Send(detail::Channel<T>& channel, T value) noexcept : channel_(channel), value_(std::move(value)) {}
    Send(Send&&) noexcept = default;
    ~Send() {
        if (is_registered_) {
            channel_.give_up(waiter_);
        }
    }

    Poll<void> poll(Context& cx) {
        contract_.begin("send");
        if (!budget::has_some(cx)) {
            return contract_.pending();
        }
        switch (channel_.poll_send(value_, waiter_, cx)) {
            case TrySend::full: is_registered_ = true; return contract_.pending();
            case TrySend::closed: throw Unsent<T>(std::move(value_));
            case TrySend::sent: break;
        }
        is_registered_ = false;
        budget::spend();
        return Ready();
    }

  private:
    [[no_unique_address]] Contract contract_;
    bool is_registered_ = false;  // was in the list, and has not used the place it was called for
    detail::Channel<T>& channel_;
    T value_;
    Waiter waiter_;
};

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

    /// A future that waits for room, in turn, and puts `value` into the buffer. Throws `SendError` (an `Unsent<T>`) if the
    /// receiver has gone. Dropped before it is done, it has sent nothing. The sender must outlive it.
    Send<T> send(T value) const { return Send<T>(channel(), std::move(value)); }

    /// Sends at once or not at all; unless it is `sent`, `value` is left as it was.
    TrySend try_send(T&& value) const { return channel().try_send(value); }
    TrySend try_send(const T& value) const
        requires std::copy_constructible<T>
    {
        T copy = value;
        return channel().try_send(copy);
    }

    /// True if the receiver has gone or is closed.
    bool is_closed() const noexcept { return channel().is_closed(); }

  private:
    friend std::pair<Sender, Receiver<T>> mpsc::channel<T>(std::size_t);
    explicit Sender(std::shared_ptr<detail::Channel<T>> channel) noexcept : channel_(std::move(channel)) {}

    detail::Channel<T>& channel() const noexcept {
        if (channel_ == nullptr) {
            violation("an mpsc sender was used after it was moved from: copy it if both are needed");
        }
        return *channel_;
    }

    std::shared_ptr<detail::Channel<T>> channel_;
};

/// See `Receiver::recv`.
template <class T>
class [[nodiscard]] Recv {
  public:
    using Output = std::optional<T>;

    explicit Recv(detail::Channel<T>& channel) noexcept : channel_(channel) {}
    Recv(Recv&&) noexcept = default;
    ~Recv() {
        if (is_registered_) {
            channel_.forget_receiver_waker();
        }
    }

    Poll<Output> poll(Context& cx) {
        contract_.begin("recv");
        if (!budget::has_some(cx)) {
            return contract_.pending();
        }
        Poll<Output> poll = channel_.poll_recv(&cx.waker());
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
    detail::Channel<T>& channel_;
};

/// The end that receives.
template <class T>
class Receiver {
  public:
    Receiver(Receiver&&) noexcept = default;
    Receiver& operator=(Receiver other) noexcept {
        std::swap(channel_, other.channel_);
        return *this;
    }
    /// What was not received is destroyed here and now.
    ~Receiver() {
        if (channel_ != nullptr) {
            channel_->drop_receiver();
        }
    }

    /// A future of the next value, in the order in which they were sent; of nothing, when all senders have gone, or this
    /// end is closed, and the buffer is empty. Dropped before it is done, it has taken nothing. The receiver must outlive it.
    Recv<T> recv() noexcept { return Recv<T>(channel()); }

    /// The next value if it is there. `recv` tells whether there will be more.
    std::optional<T> try_recv() {
        Poll<std::optional<T>> poll = channel().poll_recv(nullptr);
        return poll.is_ready() ? std::move(poll).value() : std::nullopt;
    }

    /// Lets nothing more in; what is in the buffer can still be received. Called to end in good order.
    void close() noexcept { channel().close(); }

  private:
    friend std::pair<Sender<T>, Receiver> mpsc::channel<T>(std::size_t);
    explicit Receiver(std::shared_ptr<detail::Channel<T>> channel) noexcept : channel_(std::move(channel)) {}

    detail::Channel<T>& channel() const noexcept {
        if (channel_ == nullptr) {
            violation("an mpsc receiver was used after it was moved from");
        }
        return *channel_;
    }

    std::shared_ptr<detail::Channel<T>> channel_;
};

template <class T>
std::pair<Sender<T>, Receiver<T>> channel(std::size_t capacity) {
    static_assert(std::is_nothrow_move_constructible_v<T>,
                  "mpsc: T must be movable, without throwing; send a std::unique_ptr<T>");
    if (capacity == 0) {
        violation("mpsc::channel: a capacity of 0 has room for nothing; use 1 or more");
    }
    auto channel = std::make_shared<detail::Channel<T>>(capacity);
    Receiver<T> receiver(channel);
    return {Sender<T>(std::move(channel)), std::move(receiver)};
}

}  // namespace mpsc
}  // namespace rt
