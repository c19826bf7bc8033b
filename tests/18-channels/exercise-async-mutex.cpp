/// An exercise without a starter: write a mutex for tasks.
///
/// A `std::mutex` blocks the thread, so a task must not hold it across a `co_await`. `exercise::Mutex` makes only the task wait.
///
///  - `mutex.lock()` returns a future of a guard. The guard can be moved. The mutex is held until the guard is destroyed.
///  - Tasks get the mutex in the order in which they began to wait. No task overtakes one that waits.
///  - A task that gives up while it waits doesn't get in the way of the others. Neither does one that gives up after it was woken.
///  - Any thread may lock and unlock.
///
/// What do you need that this lesson hasn't built? Write it into mine/18-channels/exercise.hpp. The file needs `#pragma once` and
/// `namespace exercise`. The loop judges it as soon as the file exists and the rest of the lesson is green.
#include <doctest/doctest.h>
#include <exercise.hpp>
#include <rt/async.hpp>
#include <rt/current_thread.hpp>
#include <rt/future.hpp>
#include <rt/join_set.hpp>
#include <rt/multi_thread.hpp>
#include <rt/yield_now.hpp>
#include <support/mock_task.hpp>
#include <support/story.hpp>

#include <memory>
#include <optional>
#include <string_view>
#include <utility>

using namespace support;

namespace {

/// A task that locks the mutex, with its guard.
class Locker {
  public:
    Locker(std::string_view name, exercise::Mutex& mutex) : task_(name, mutex.lock()) {}

    /// Polls once. Returns true if it holds the mutex from now on.
    bool gets_it() {
        auto result = task_.poll();
        if (result.is_ready()) {
            guard_.emplace(std::move(result).value());
        }
        return guard_.has_value();
    }
    void unlock(std::string_view who) {
        step("{} unlocks", who);
        guard_.reset();
    }
    void gives_up() { task_.drop(); }
    bool is_woken() const { return task_.is_woken(); }

  private:
    using Future = decltype(std::declval<exercise::Mutex&>().lock());

    MockTask<Future> task_;
    std::optional<rt::OutputOf<Future>> guard_;
};

/// Counts in two steps, with a wait between them. Without the lock, counts are lost.
rt::Async<> count(std::shared_ptr<exercise::Mutex> mutex, int* counter, int times) {
    for (int i = 0; i < times; ++i) {
        auto guard = co_await mutex->lock();
        int const before = *counter;
        co_await rt::yield_now();
        *counter = before + 1;
    }
}

rt::Async<int> count_in(int tasks, int times) {
    auto mutex = std::make_shared<exercise::Mutex>();
    auto counter = std::make_unique<int>(0);
    rt::JoinSet<> counting;
    for (int i = 0; i < tasks; ++i) {
        counting.spawn(count(mutex, counter.get(), times));
    }
    for (bool more = true; more;) {
        more = (co_await counting.join_next()).has_value();
    }
    co_return *counter;
}

}  // namespace

TEST_SUITE("18 exercise a mutex for tasks") {
    TEST_CASE("one task at a time holds it") {
        exercise::Mutex mutex;
        Locker ann("ann", mutex);
        Locker bob("bob", mutex);
        CHECK_MESSAGE(ann.gets_it(), "nobody holds the mutex");
        CHECK_MESSAGE(!bob.gets_it(), "ann holds the mutex");
        ann.unlock("ann");
        CHECK_MESSAGE(bob.is_woken(), "the mutex is free, and bob waits for it");
        CHECK(bob.gets_it());
        bob.unlock("bob");
        Locker cat("cat", mutex);
        CHECK_MESSAGE(cat.gets_it(), "nobody holds the mutex");
    }

    TEST_CASE("the one that has waited longest is next") {
        exercise::Mutex mutex;
        Locker ann("ann", mutex);
        Locker bob("bob", mutex);
        Locker cat("cat", mutex);
        CHECK(ann.gets_it());
        CHECK_FALSE(cat.gets_it());
        CHECK_FALSE(bob.gets_it());
        ann.unlock("ann");
        CHECK_MESSAGE(!bob.gets_it(), "cat has waited longer than bob");
        Locker dan("dan", mutex);
        CHECK_MESSAGE(!dan.gets_it(), "cat was woken, and dan has just come");
        CHECK(cat.gets_it());
    }

    TEST_CASE("a guard that is moved unlocks once") {
        exercise::Mutex mutex;
        auto lock = spawn_mock("ann", mutex.lock());
        auto result = lock.poll();
        REQUIRE(result.is_ready());
        std::optional guard(std::move(result).value());
        step("move the guard, and destroy the one that was moved from");
        std::optional moved(std::move(*guard));
        guard.reset();
        Locker bob("bob", mutex);
        CHECK_MESSAGE(!bob.gets_it(), "the guard was moved, and still exists");
        moved.reset();
        CHECK(bob.gets_it());
        Locker cat("cat", mutex);
        CHECK_MESSAGE(!cat.gets_it(), "bob holds the mutex. Was it unlocked twice before?");
    }

    TEST_CASE("tasks that give up are not in the way") {
        exercise::Mutex mutex;
        Locker ann("ann", mutex);
        Locker bob("bob", mutex);
        Locker cat("cat", mutex);
        Locker dan("dan", mutex);
        CHECK(ann.gets_it());
        CHECK_FALSE(bob.gets_it());
        CHECK_FALSE(cat.gets_it());
        CHECK_FALSE(dan.gets_it());
        bob.gives_up();
        ann.unlock("ann");
        CHECK_MESSAGE(cat.is_woken(), "bob has given up, so cat is next");
        cat.gives_up();
        CHECK_MESSAGE(dan.is_woken(), "cat was woken and has given up, so dan is next");
        CHECK(dan.gets_it());
    }

    TEST_CASE("no count is lost on one thread") {
        rt::CurrentThread runtime;
        CHECK(runtime.block_on(count_in(10, 100)) == 1'000);
    }

    TEST_CASE("no count is lost on two threads") {
        rt::MultiThread runtime(2);
        CHECK(runtime.block_on(runtime.spawn(count_in(10, 100))) == 1'000);
    }
}
