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
#pragma once

#include <rt/future.hpp>
#include <rt/record.hpp>
#include <support/counting_waker.hpp>
#include <support/recorded.hpp>
#include <support/show.hpp>
#include <support/story.hpp>

#include <optional>
#include <string>
#include <utility>

namespace support {

/// One future, and the counting waker it is polled with. Polled by one thread at a time; its wakers may be
/// anywhere.
template <rt::Future F>
class MockTask {
  public:
    using Output = rt::OutputOf<F>;

    /// `name` is what the story calls it.
    MockTask(std::string name, F future) : name_(std::move(name)), waker_(counter_.waker()) {
        future_.emplace(std::move(future));
        row_ = rt::record::begin(counter_.data(), rt::record::What::mock, name_.c_str());
        counter_.record_as(row_);
    }
    ~MockTask() {
        counter_.record_as(nullptr);
        rt::record::end(counter_.data());
    }
    MockTask(const MockTask&) = delete;
    MockTask& operator=(const MockTask&) = delete;

    /// Polls the future once, and tells the story of it.
    rt::Poll<Output> poll() {
        StepNumber const number = step("poll {}", name_);
        try {
            rt::Poll<Output> result = poll_silently();
            bool const can_be_woken = kept_wakers() > 0 || is_woken();
            add_outcome(number, result.is_ready() ? "Ready"
                                : can_be_woken    ? "Pending"
                                                  : "Pending, and it kept no waker: nobody can wake it");
            return result;
        } catch (...) {
            add_outcome(number, "an exception");
            throw;
        }
    }

    /// Polls the future once. Called in stress tests: takes no lock and tells nothing.
    rt::Poll<Output> poll_silently() {
        ++polls_;
        wakes_before_poll_ = counter_.wakes();
        rt::Context cx(waker_);
        Recorded recorded(row_);
        rt::Poll<Output> result = future_.value().poll(cx);
        recorded.ended(result.is_ready());
        return result;
    }

    /// True if it was woken since its last poll began.
    bool is_woken() const noexcept { return counter_.wakes() > wakes_before_poll_; }
    /// How often it was woken, ever.
    int wakes() const noexcept { return counter_.wakes(); }
    /// How often it was polled.
    int polls() const noexcept { return polls_; }
    /// How often its waker was copied.
    int clones() const noexcept { return counter_.clones(); }
    /// How often a copy of its waker was destroyed without being used up by `wake`.
    int drops() const noexcept { return counter_.drops(); }
    /// How many copies of its waker somebody keeps now.
    int kept_wakers() const noexcept { return counter_.alive() - 1; }

    /// The waker it polls with. Called to hand it to someone else.
    const rt::Waker& waker() const noexcept { return waker_; }

    /// The future itself.
    F& future() noexcept { return future_.value(); }

    /// Destroys the future, which cancels it; the counts stay.
    void drop() {
        step("drop {}", name_);
        future_.reset();
    }

  private:
    std::string name_;
    CountingWaker counter_;
    rt::Waker waker_;
    rt::record::TaskRow* row_;
    int polls_ = 0;
    int wakes_before_poll_ = 0;
    std::optional<F> future_;
};

/// A mock task around `future`; `name` is what the story calls it.
template <rt::Future F>
MockTask<F> spawn_mock(std::string name, F future) {
    return MockTask<F>(std::move(name), std::move(future));
}
template <rt::Future F>
MockTask<F> spawn_mock(F future) {
    return MockTask<F>("the future", std::move(future));
}

}  // namespace support
