/// \file
/// `Remote`: with it, a test finishes a future. The future, a `CountedFuture`, counts its polls, moves, and drops.
///
///     Remote<int> kettle("the kettle");
///     auto task = spawn_mock(then(kettle.future(), …));
///     task.poll();                      // kettle.polls() is 1, kettle.keeps_waker() is true
///     kettle.finish(3);                 // wakes the task that polled last
#pragma once

#include <rt/future.hpp>
#include <rt/sync.hpp>
#include <support/recorded.hpp>
#include <support/remote_state.hpp>

#include <exception>
#include <memory>
#include <string_view>
#include <type_traits>
#include <utility>

namespace support {

namespace detail {

/// The state, with the waker of the last poll.
struct RemoteWaker : RemoteState {
    using RemoteState::RemoteState;

    rt::Waker waker;
    bool has_value = false;

    /// Releases `lock`, and then wakes, because a wake may run any code.
    void wake(rt::Lock& lock) {
        rt::Waker woken = std::move(waker);
        if (woken) {
            woke();
        }
        lock.unlock();
        if (woken) {
            std::move(woken).wake();
        }
    }
};

template <class T>
struct RemoteValue : RemoteWaker {
    explicit RemoteValue(std::string_view name) : RemoteWaker(name) {}
    ~RemoteValue() override {
        if (has_value) {
            std::destroy_at(&value);
        }
    }

    union {
        rt::NonVoid<T> value;  // there if has_value
    };
};

/// The part of a CountedFuture that doesn't depend on its output. It shares the state with the Remote.
class RemoteHold {
  public:
    explicit RemoteHold(std::shared_ptr<RemoteWaker> state) : state_(std::move(state)) {}
    RemoteHold(RemoteHold&& other) noexcept : state_(std::move(other.state_)) {
        if (state_) {
            state_->moved();
        }
    }
    RemoteHold& operator=(RemoteHold&&) = delete;
    ~RemoteHold() {
        if (state_) {
            rt::Waker waker;  // destroyed outside the lock
            rt::Lock lock(state_->mutex());
            state_->dropped();
            waker = std::move(state_->waker);
            lock.unlock();
        }
    }

    RemoteWaker& operator*() const noexcept { return *state_; }

  private:
    std::shared_ptr<RemoteWaker> state_;  // empty after a move
};

}  // namespace detail

/// A future that is Ready once its Remote has finished it.
template <class T>
class [[nodiscard]] CountedFuture {
  public:
    using Output = T;

    explicit CountedFuture(std::shared_ptr<detail::RemoteWaker> state) : hold_(std::move(state)) {}

    rt::Poll<T> poll(rt::Context& cx) {
        Recorded recorded((*hold_).row());
        rt::Poll<T> result = poll_unrecorded(static_cast<detail::RemoteValue<T>&>(*hold_), cx);
        recorded.ended(result.is_ready());
        return result;
    }

  private:
    static rt::Poll<T> poll_unrecorded(detail::RemoteValue<T>& state, rt::Context& cx) {
        rt::Lock lock(state.mutex());
        switch (state.begin_poll(lock, state.has_value, static_cast<bool>(state.waker))) {
            case RemoteState::Next::give_the_value:
                if constexpr (std::is_void_v<T>) {
                    return rt::Ready();
                } else {
                    return rt::Ready<T>(std::move(state.value));
                }
            case RemoteState::Next::keep_the_waker: state.waker = cx.waker(); break;
            case RemoteState::Next::nothing: break;
        }
        return rt::Pending;
    }

    detail::RemoteHold hold_;
};

/// Finishes one CountedFuture, and reads its counts.
///
/// Thread safety: any thread may call its functions.
template <class T = void>
class Remote {
  public:
    /// `name` is the future's name in the test's steps.
    explicit Remote(std::string_view name = "the future")
        : value_(new detail::RemoteValue<T>(name)), state_(static_cast<detail::RemoteWaker*>(value_)) {}
    Remote(const Remote&) = delete;
    Remote& operator=(const Remote&) = delete;
    ~Remote() { value_->end_record(); }

    /// The future. Called once.
    CountedFuture<T> future() { return CountedFuture<T>(state_); }

    /// Makes the future Ready with this value, or with none for `finish()`. Wakes the task that polled it last.
    template <class... Value>
    void finish(Value&&... value) {
        value_->tell_ready();
        rt::Lock lock(value_->mutex());
        if (std::exchange(value_->has_value, false)) {
            std::destroy_at(&value_->value);
        }
        std::construct_at(&value_->value, std::forward<Value>(value)...);
        value_->has_value = true;
        value_->wake(lock);
    }

    /// Makes the future's next poll throw `error`. Wakes the task that polled the future last.
    void fail(std::exception_ptr error) {
        value_->tell_error();
        rt::Lock lock(value_->mutex());
        value_->set_error(std::move(error));
        value_->wake(lock);
    }
    template <class E>
    void fail(E error) {
        fail(std::make_exception_ptr(std::move(error)));
    }

    /// Wakes the task that polled the future last, although nothing has happened.
    void wake_for_nothing() {
        value_->tell_wake();
        rt::Lock lock(value_->mutex());
        value_->wake(lock);
    }

    int polls() const { return value_->counts().polls; }
    /// How often the future was moved.
    int moves() const { return value_->counts().moves; }
    /// How often the future was destroyed, so 0 or 1. Moved-from futures don't count.
    int drops() const { return value_->counts().drops; }
    /// True while the future holds a waker.
    bool keeps_waker() const {
        rt::Lock lock(value_->mutex());
        return static_cast<bool>(value_->waker);
    }

  private:
    detail::RemoteValue<T>* value_;
    std::shared_ptr<detail::RemoteWaker> state_;  // owns `*value_`
};

}  // namespace support
