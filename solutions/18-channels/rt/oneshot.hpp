/// \file
/// `oneshot::channel<T>()`: one value, once, from one task to another.
///
/// The two ends share a block with one word that says how far things are:
///
///   bit        set                                              cleared
///   sent       when the value lies in the block                 never
///   dropped    when the sender goes and nothing was sent        never
///   closed     when the receiver goes, or no longer wants it    never
///   awaited    when the receiver has put its waker down         when the receiver takes it up again
///   sender     at birth                                         when the sender touches the block no more
///   receiver   at birth                                         when the receiver touches the block no more
///
/// Whichever of `awaited` and `sent` or `dropped` comes second finds the other in the word: so the receiver's waker is the
/// sender's if it was down before the news came, and else the receiver's. (As the handle's and a task's, lesson 09.)
///
/// `sent` is never set after `closed`: so either the receiver finds the value, or the sender has it back, and never both.
/// Between setting `sent` and clearing `sender`, the sender wakes the receiver; the block lives until both bits are clear,
/// and whoever clears the second one destroys it, and the value with it if nobody has taken it.
///
/// Source of the idea: `tokio::sync::oneshot`.
#pragma once

#include <rt/budget.hpp>
#include <rt/future.hpp>
#include <rt/recycled.hpp>
#include <rt/sync.hpp>
#include <rt/violation.hpp>
#include <rt/waker.hpp>
#include <rt/waker_slot.hpp>

#include <concepts>
#include <exception>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace rt {

/// Thrown to who waits for a oneshot's value when the sender has gone without sending one.
class RecvError : public std::exception {
  public:
    const char* what() const noexcept override { return "the sender was dropped and had sent nothing"; }
};

namespace oneshot {

namespace detail {

/// What both ends share.
template <class T>
class Block : public Recycled {
    using Value = NonVoid<T>;

  public:
    /// Puts the value in, unless the receiver wants none: then `value` is left as it was, and false returned. Called by
    /// the sender, once.
    bool send(Value& value) {
        unsigned before = word_.load(acquire);
        if ((before & closed) != 0) {
            return false;
        }
        value_.emplace(std::move(value));
        while (!word_.compare_exchange_weak(before, before | sent, acq_rel, acquire)) {
            if ((before & closed) != 0) {
                // Nobody has seen it: it goes back to where it came from.
                std::destroy_at(&value);
                std::construct_at(&value, std::move(*value_));
                value_.reset();
                return false;
            }
        }
        wake_receiver_of(before);
        return true;
    }

    /// Called by the sender when it goes without having sent.
    void drop_sender() noexcept { wake_receiver_of(word_.fetch_or(dropped, acq_rel)); }

    /// Called by the receiver when it wants no value any more.
    void close() noexcept {
        if ((word_.fetch_or(closed, acq_rel) & (sent | dropped)) == 0) {
            sender_.wake();
        }
    }

    /// Keeps the receiver's waker until there is news; false if there is news already. Called by the receiver.
    bool wait(const Waker& waker) noexcept {
        if ((word_.load(relaxed) & awaited) != 0 && is_news(word_.fetch_and(~unsigned{awaited}, acq_rel))) {
            return false;
        }
        if (!receiver_.will_wake(waker)) {
            receiver_ = waker;
        }
        if (is_news(word_.fetch_or(awaited, acq_rel))) {
            receiver_ = Waker();  // nobody comes for it any more
            return false;
        }
        return true;
    }

    bool is_closed() const noexcept { return (word_.load(acquire) & closed) != 0; }
    bool is_sent() const noexcept { return (word_.load(acquire) & sent) != 0; }
    /// True if there is a value, or never will be.
    bool is_over() const noexcept { return is_news(word_.load(acquire)); }

    /// Called by the receiver when `is_sent()`.
    Value take() noexcept { return std::move(*value_); }

    /// Gives one end's hold on the block back: `sender` or `receiver`.
    void release(unsigned end) noexcept {
        unsigned before = word_.load(acquire);
        // Is the other one gone already? Then nobody else is here, and nothing need be written.
        if ((before & (sender | receiver)) == end || (word_.fetch_and(~end, acq_rel) & (sender | receiver)) == end) {
            delete this;
        }
    }

    enum Bit : unsigned { sent = 1, dropped = 2, closed = 4, sender = 8, receiver = 16, awaited = 32 };

    WakerSlot sender_;  // who waits for `closed`

  private:
    static bool is_news(unsigned word) noexcept { return (word & (sent | dropped)) != 0; }

    /// Called by the sender when there is news; `before` was the word until then.
    void wake_receiver_of(unsigned before) noexcept {
        if ((before & awaited) != 0) {
            std::move(receiver_).wake();
        }
    }

    Waker receiver_;  // see `awaited`
    Atomic<unsigned> word_{sender | receiver};
    std::optional<Value> value_;
};

}  // namespace detail

template <class T>
class Receiver;
template <class T>
class Sender;

/// The two ends of a new channel. `T` may be void: then the news is all.
template <class T = void>
std::pair<Sender<T>, Receiver<T>> channel();

/// The end that sends, once. Dropping it unused tells the receiver that nothing will come.
template <class T>
class Sender {
    using Block = detail::Block<T>;
    using Value = NonVoid<T>;

  public:
    Sender(Sender&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
    Sender& operator=(Sender other) noexcept {
        std::swap(block_, other.block_);
        return *this;
    }
    ~Sender() {
        if (block_ != nullptr) {
            block_->drop_sender();
            block_->release(Block::sender);
        }
    }

    /// Sends, and uses the sender up. False if the receiver has gone or is closed: then `value` is left as it was.
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

    /// True if nobody wants the value any more.
    bool is_closed() const noexcept { return block().is_closed(); }

    /// See `closed`.
    class [[nodiscard]] Closed {
      public:
        using Output = void;

        explicit Closed(Block& block) noexcept : block_(block) {}
        Poll<void> poll(Context& cx) {
            contract_.begin("closed");
            if (!block_.is_closed()) {
                block_.sender_.register_waker(cx.waker());
                if (!block_.is_closed()) {
                    return contract_.pending();
                }
            }
            return Ready();
        }

      private:
        [[no_unique_address]] Contract contract_;
        Block& block_;
    };

    /// A future that is done when the receiver has gone or is closed. Awaited beside the work that makes the value, to
    /// stop it when nobody wants it. The sender must outlive it.
    Closed closed() noexcept { return Closed(block()); }

  private:
    friend std::pair<Sender, Receiver<T>> channel<T>();
    explicit Sender(Block& block) noexcept : block_(&block) {}

    Block& block() const noexcept {
        if (block_ == nullptr) {
            violation("a oneshot sender was used after it had sent, or was moved from: it sends once");
        }
        return *block_;
    }
    bool send_from(Value& value) {
        bool sent = block().send(value);
        if (!sent) {
            block_->drop_sender();
        }
        std::exchange(block_, nullptr)->release(Block::sender);
        return sent;
    }

    Block* block_;
};

/// The end that receives: a future of the value. Throws `RecvError` if the sender was dropped without sending. It may be
/// lent (`rt::by_ref`) to a select and awaited again; the value is not lost.
template <class T>
class [[nodiscard]] Receiver {
    using Block = detail::Block<T>;

  public:
    using Output = T;

    Receiver(Receiver&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
    Receiver& operator=(Receiver other) noexcept {
        std::swap(block_, other.block_);
        return *this;
    }
    /// A value that was sent and not received is destroyed.
    ~Receiver() {
        if (block_ != nullptr) {
            if (!block_->is_over()) {
                block_->close();
            }
            block_->release(Block::receiver);
        }
    }

    Poll<T> poll(Context& cx) {
        Block& block = this->block();
        if (!budget::has_some(cx)) {
            return Pending;
        }
        if (!block.is_over() && block.wait(cx.waker())) {
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

    /// The value if it is there; throws `RecvError` if none will come. Called by who does not want to wait.
    std::optional<NonVoid<T>> try_recv() {
        if (!block().is_over()) {
            return std::nullopt;
        }
        return take();
    }

    /// Wants no value any more: a later `send` is refused. What was sent before can still be had by `try_recv`.
    void close() noexcept { block().close(); }

  private:
    friend std::pair<Sender<T>, Receiver> channel<T>();
    explicit Receiver(Block& block) noexcept : block_(&block) {}

    Block& block() const noexcept {
        if (block_ == nullptr) {
            violation("a oneshot receiver was used after it gave its value, or was moved from: it receives once");
        }
        return *block_;
    }

    /// What came, or the exception. The block is given back at once.
    NonVoid<T> take() {
        Receiver self(std::move(*this));
        if (!self.block_->is_sent()) {
            throw RecvError();
        }
        return self.block_->take();
    }

    Block* block_;
};

template <class T>
std::pair<Sender<T>, Receiver<T>> channel() {
    // Asked here and not of Sender, which a T may contain: a message that says where to send the answer.
    static_assert(std::is_nothrow_move_constructible_v<NonVoid<T>>, "oneshot: T must be movable, without throwing");
    auto* block = new detail::Block<T>;
    return {Sender<T>(*block), Receiver<T>(*block)};
}

}  // namespace oneshot
}  // namespace rt
