/// \file
/// `MockTask`: a task that a test polls by hand. It knows whether it was woken.
///
///     auto kettle = spawn_mock("the kettle", rt::Countdown(1));
///     CHECK(kettle.poll() == Pending);
///     CHECK(kettle.is_woken());
///     CHECK(kettle.poll() == Ready());
///     CHECK(kettle.polls() == 2);
///
/// Each poll is a step of the test's story. `Mock` (mock.hpp) and `MockOf` hold everything that doesn't depend on the type of
/// the future, because a test instantiates a mock for each of its lambdas.
///
/// Source: tokio-test's `task`.
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

/// A mock task whose future has the output `T`.
template <class T>
class MockOf : public Mock {
  public:
    /// Polls the future once, and records a step.
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

    /// Polls the future once, without a lock or a step. Called in stress tests.
    rt::Poll<T> poll_silently() {
        begin_poll(has_future_);
        rt::Context cx(waker_);
        Recorded recorded(row());
        rt::Poll<T> result = poll_future(cx);
        recorded.ended(result.is_ready());
        return result;
    }

    /// The waker that this task polls with. Called to give that waker to other code.
    const rt::Waker& waker() const noexcept { return waker_; }

  protected:
    explicit MockOf(std::string_view name) : Mock(name), waker_(CountingWaker::waker_of(counts())) {}
    ~MockOf() = default;

    virtual rt::Poll<T> poll_future(rt::Context& cx) = 0;

    bool has_future_ = true;

  private:
    rt::Waker waker_;
};

/// One future, and the counting waker that polls it.
///
/// Thread safety: one thread at a time may poll it. Its wakers may be used on any thread.
template <rt::Future F>
class MockTask final : public MockOf<rt::OutputOf<F>> {
  public:
    using Output = rt::OutputOf<F>;

    /// `name` is the future's name in the test's steps.
    MockTask(std::string_view name, F future) : MockOf<Output>(name), future_(std::move(future)) {}
    ~MockTask() {
        this->leave_record();
        end_future();
    }

    /// The future. Called only before `drop`.
    F& future() noexcept { return future_; }

    /// Destroys the future, which cancels it. The counts stay.
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

/// A mock task around `future`. `name` is the future's name in the test's steps.
template <rt::Future F>
MockTask<F> spawn_mock(std::string_view name, F future) {
    return MockTask<F>(name, std::move(future));
}
template <rt::Future F>
MockTask<F> spawn_mock(F future) {
    return MockTask<F>("the future", std::move(future));
}

}  // namespace support
