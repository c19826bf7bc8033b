/// \file
/// What the two ends of a oneshot channel share: one value, one state word, and a slot for each end's waker.
///
/// Invariants: the state leaves `empty` once and never changes again. So exactly one of three things happens: the
/// receiver gets the value, the sender gets it back, or there never is one. Only the thread that changed the state
/// wakes the other side.
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

#include <rt/channel_end.hpp>
#include <rt/future.hpp>
#include <rt/sync.hpp>
#include <rt/waker.hpp>
#include <rt/waker_slot.hpp>

#include <memory>
#include <optional>
#include <utility>

namespace rt::oneshot::detail {

template <class T>
class Channel : public rt::detail::ChannelBase {
    using Value = NonVoid<T>;
    enum class State : unsigned char { empty, sent, dropped, closed };

  public:
    Channel() = default;

    /// Moves `value` to the receiver. Returns false if the channel is closed, and leaves `value` as it was. Called
    /// once.
    bool send(Value& value) noexcept {
        value_.emplace(std::move(value));
        if (finish(State::sent)) {
            receiver_.wake();
            return true;
        }
        std::destroy_at(&value);
        std::construct_at(&value, std::move(*value_));
        value_.reset();
        return false;
    }

    /// Called when the sender is destroyed, whether it has sent or not.
    void drop_sender() noexcept {
        if (finish(State::dropped)) {
            receiver_.wake();
        }
    }

    /// Called when the receiver wants no value.
    void close() noexcept {
        if (finish(State::closed)) {
            sender_.wake();
        }
    }
    /// Called when the receiver is destroyed. Its waker is destroyed too, because the sender may live on.
    void drop_receiver() noexcept {
        if (!is_over()) {
            close();
            Waker forgotten = receiver_.take();
        }
    }

    bool is_closed() const noexcept { return state() == State::closed; }
    /// True if the receiver need not wait: there is a value, or there never will be one.
    bool is_over() const noexcept { return state() != State::empty; }

    /// Returns true if the channel is closed. Otherwise `waker` is woken when it is. Called by the sender.
    bool poll_closed(const Waker& waker) noexcept {
        if (!is_closed()) {
            sender_.register_waker(waker);
        }
        return is_closed();
    }

    /// Returns true if `is_over()`. Otherwise `waker` is woken when it is. Called by the receiver.
    bool poll_over(const Waker& waker) noexcept {
        if (!is_over()) {
            receiver_.register_waker(waker);
        }
        return is_over();
    }

    /// The value, or nothing if none was sent. Called by the receiver when `is_over()`.
    std::optional<Value> take() noexcept {
        if (state() != State::sent) {
            return std::nullopt;
        }
        return std::move(value_);
    }

  private:
    State state() const noexcept { return state_.load(acquire); }

    /// Returns true if this call took the state out of `empty`.
    bool finish(State to) noexcept {
        State expected = state();
        return expected == State::empty && state_.compare_exchange_strong(expected, to, acq_rel, acquire);
    }

    Atomic<State> state_{State::empty};
    std::optional<Value> value_;
    WakerSlot receiver_;  // waits until the channel is over
    WakerSlot sender_;    // waits until the channel is closed
};

}  // namespace rt::oneshot::detail
