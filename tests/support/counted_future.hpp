/// \file
/// `Remote` and its `CountedFuture`: a future whose end the test decides, and that counts what is done with
/// it.
///
///     Remote<int> kettle("the kettle");
///     auto task = spawn_mock(then(kettle.future(), …));
///     task.poll();                      // kettle.polls() is 1, kettle.keeps_waker() is true
///     kettle.finish(3);                 // wakes whoever polled last
#pragma once

#include <rt/future.hpp>
#include <rt/record.hpp>
#include <rt/sync.hpp>
#include <rt/trace.hpp>
#include <support/recorded.hpp>
#include <support/story.hpp>

#include <doctest/doctest.h>

#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace support {

namespace detail {

template <class T>
struct RemoteState {
    std::string name;
    rt::Mutex mutex;
    std::optional<rt::NonVoid<T>> value;
    std::exception_ptr error;
    rt::Waker waker;
    int polls = 0;
    int moves = 0;
    int drops = 0;
    rt::record::TaskRow* row = nullptr;
    bool ended = false;  // Ready or an exception was given out

    void end_record() noexcept {
        row = nullptr;
        rt::record::end(this);
    }
};

}  // namespace detail

/// See `Remote`. A future that is Ready when its remote says so.
template <class T>
class [[nodiscard]] CountedFuture {
  public:
    using Output = T;

    explicit CountedFuture(std::shared_ptr<detail::RemoteState<T>> state) : state_(std::move(state)) {}
    CountedFuture(CountedFuture&& other) noexcept : state_(std::move(other.state_)) {
        if (state_) {
            rt::Lock lock(state_->mutex);
            ++state_->moves;
        }
    }
    CountedFuture& operator=(CountedFuture&&) = delete;
    ~CountedFuture() {
        if (state_) {
            rt::Waker waker;  // destroyed outside the lock
            rt::Lock lock(state_->mutex);
            ++state_->drops;
            state_->end_record();
            waker = std::move(state_->waker);
            lock.unlock();
        }
    }

    rt::Poll<T> poll(rt::Context& cx) {
        Recorded recorded(locked_row());
        rt::Poll<T> result = poll_unrecorded(cx);
        recorded.ended(result.is_ready());
        return result;
    }

  private:
    rt::record::TaskRow* locked_row() {
        rt::Lock lock(state_->mutex);
        return state_->row;
    }

    rt::Poll<T> poll_unrecorded(rt::Context& cx) {
        rt::Lock lock(state_->mutex);
        ++state_->polls;
        if (state_->ended) {
            std::string const name = state_->name;
            lock.unlock();
            FAIL_CHECK(fmt::format("{} was polled after Ready", name));
            return rt::Pending;
        }
        if (state_->error) {
            state_->ended = true;
            std::exception_ptr const error = std::exchange(state_->error, nullptr);
            lock.unlock();
            std::rethrow_exception(error);
        }
        if (state_->value) {
            state_->ended = true;
            if constexpr (std::is_void_v<T>) {
                return rt::Ready();
            } else {
                return rt::Ready<T>(std::move(*state_->value));
            }
        }
        if (!state_->waker) {
            record_of(state_->row, rt::trace::Kind::waker_clone);
        }
        state_->waker = cx.waker();
        return rt::Pending;
    }

    std::shared_ptr<detail::RemoteState<T>> state_;  // empty: moved away
};

/// The test's end of one CountedFuture: counts its polls, moves and drops, and ends it, from any thread.
template <class T = void>
class Remote {
  public:
    /// `name` is what the story calls it.
    explicit Remote(std::string name = "the future") {
        state_->name = std::move(name);
        state_->row = rt::record::begin(state_.get(), rt::record::What::remote, state_->name.c_str());
    }
    Remote(const Remote&) = delete;
    Remote& operator=(const Remote&) = delete;
    ~Remote() {
        rt::Lock lock(state_->mutex);
        state_->end_record();
    }

    /// The future; taken once.
    CountedFuture<T> future() { return CountedFuture<T>(state_); }

    /// Makes it ready and wakes whoever polled it last. Its value: `finish(3)`, or `finish()` where there is
    /// none.
    template <class... Value>
    void finish(Value&&... value) {
        step("{} is ready", state_->name);
        rt::Lock lock(state_->mutex);
        state_->value.emplace(std::forward<Value>(value)...);
        wake(lock);
    }

    /// Makes it throw `error` at its next poll, and wakes whoever polled it last.
    void fail(std::exception_ptr error) {
        step("{} will throw", state_->name);
        rt::Lock lock(state_->mutex);
        state_->error = std::move(error);
        wake(lock);
    }
    template <class E>
    void fail(E error) {
        fail(std::make_exception_ptr(std::move(error)));
    }

    /// Wakes whoever polled it last, though there is nothing to see.
    void wake_for_nothing() {
        step("{} wakes for nothing", state_->name);
        rt::Lock lock(state_->mutex);
        wake(lock);
    }

    int polls() const { return locked().polls; }
    /// How often the future was moved.
    int moves() const { return locked().moves; }
    /// 1 when the future is destroyed.
    int drops() const { return locked().drops; }
    /// True while the future has somebody to wake.
    bool keeps_waker() const { return locked().waker; }

  private:
    struct Counts {
        int polls, moves, drops;
        bool waker;
    };

    Counts locked() const {
        rt::Lock lock(state_->mutex);
        return {state_->polls, state_->moves, state_->drops, static_cast<bool>(state_->waker)};
    }

    void wake(rt::Lock& lock) {
        rt::Waker waker = std::move(state_->waker);
        if (waker) {
            record_of(state_->row, rt::trace::Kind::waker_drop);
            record_of(state_->row, rt::trace::Kind::wake);
        }
        lock.unlock();
        if (waker) {
            std::move(waker).wake();
        }
    }

    std::shared_ptr<detail::RemoteState<T>> state_ = std::make_shared<detail::RemoteState<T>>();
};

}  // namespace support
