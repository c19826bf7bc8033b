/// \file
/// A task for tests: polls a future by hand, and knows whether it was woken.
///
///     auto kettle = spawn_mock("the kettle", rt::Countdown(1));
///     CHECK(kettle.poll() == Pending);
///     CHECK(kettle.is_woken());
///     CHECK(kettle.poll() == Ready());
///     CHECK(kettle.polls() == 2);
///
/// Each poll is a step of the story by itself. Source of the idea: tokio-test's `task`.
///
/// A test makes a mock for each lambda it writes, so little is said anew for each future; most is Mock's (mock.hpp), which
/// has the counts too, and MockOf's, one for each output.
#pragma once

#include <rt/future.hpp>
#include <support/counting_waker.hpp>
#include <support/mock.hpp>
#include <support/recorded.hpp>
#include <support/show.hpp>
#include <support/story.hpp>

#include <memory>
#include <string_view>
#include <utility>

namespace support {

/// A mock task whose future yields a T, whichever future that is.
template <class T>
class MockOf : public Mock {
  public:
    /// Polls the future once, and tells the story of it.
    rt::Poll<T> poll() {
        StepNumber const number = tell_poll();
        try {
            rt::Poll<T> result = poll_silently();
            tell_outcome(number, result.is_ready());
            return result;
        } catch (...) {
            tell_exception(number);
            throw;
        }
    }

    /// Polls the future once. Called in stress tests: takes no lock and tells nothing.
    rt::Poll<T> poll_silently() {
        begin_poll(has_future_);
        rt::Context cx(waker_);
        Recorded recorded(row());
        rt::Poll<T> result = poll_future(cx);
        recorded.ended(result.is_ready());
        return result;
    }

    /// The waker it polls with. Called to hand it to someone else.
    const rt::Waker& waker() const noexcept { return waker_; }

  protected:
    explicit MockOf(std::string_view name) : Mock(name), waker_(CountingWaker::waker_of(counts())) {}
    ~MockOf() = default;

    virtual rt::Poll<T> poll_future(rt::Context& cx) = 0;

    bool has_future_ = true;

  private:
    rt::Waker waker_;
};

/// One future, and the counting waker it is polled with. Polled by one thread at a time; its wakers may be
/// anywhere.
template <rt::Future F>
class MockTask final : public MockOf<rt::OutputOf<F>> {
  public:
    using Output = rt::OutputOf<F>;

    /// `name` is what the story calls it.
    MockTask(std::string_view name, F future) : MockOf<Output>(name), future_(std::move(future)) {}
    ~MockTask() {
        this->leave_record();
        end_future();
    }

    /// The future itself, which was not dropped.
    F& future() noexcept { return future_; }

    /// Destroys the future, which cancels it; the counts stay.
    void drop() {
        this->tell_drop();
        end_future();
    }

  private:
    rt::Poll<Output> poll_future(rt::Context& cx) override { return future_.poll(cx); }

    void end_future() {
        if (std::exchange(this->has_future_, false)) {
            std::destroy_at(&future_);
        }
    }

    union {
        F future_;  // there if has_future_
    };
};

/// A mock task around `future`; `name` is what the story calls it.
template <rt::Future F>
MockTask<F> spawn_mock(std::string_view name, F future) {
    return MockTask<F>(name, std::move(future));
}
template <rt::Future F>
MockTask<F> spawn_mock(F future) {
    return MockTask<F>("the future", std::move(future));
}

}  // namespace support
