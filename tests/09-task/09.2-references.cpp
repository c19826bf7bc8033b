// A task over a state word that calls the test, which counts the references in it.
// It is compiled by itself, because stepped_task.hpp includes headers with other names (#define, #undef).
#include "stepped_task.hpp"

#include <doctest/doctest.h>
#include <rt/future.hpp>
#include <support/stepped_atomic.hpp>
#include <support/story.hpp>

#include <deque>
#include <utility>

using namespace support;
using rt::Pending;
using rt::Ready;

namespace {

class CountingQueue final : public rt::SteppedSchedule {
  public:
    void schedule(rt::SteppedRunnable runnable) noexcept override { runnables_.push_back(std::move(runnable)); }
    bool run_one() {
        if (runnables_.empty()) {
            return false;
        }
        rt::SteppedRunnable next = std::move(runnables_.front());
        runnables_.pop_front();
        std::move(next).run();
        return true;
    }

  private:
    std::deque<rt::SteppedRunnable> runnables_;
};

/// How many references keep the task alive, besides its handle.
unsigned references(const rt::SteppedTask& task) {
    unsigned found = 0;
    Steps::between([&found](int, rt::Atomic<unsigned>& word) { found = word.load(); },
                   [&task] { (void)task.is_finished(); });
    constexpr unsigned one_reference = 64;
    return found / one_reference;
}

/// A task that was polled once, and left two wakers. It is Ready at the poll that `polls` says.
struct TwoWakers {
    CountingQueue queue;
    rt::Waker first;
    rt::Waker second;
    int polls = 0;
    rt::SteppedTask* task = nullptr;

    explicit TwoWakers(int ready_at) {
        auto work = rt::poll_fn([this, ready_at](rt::Context& cx) -> rt::Poll<void> {
            if (++polls == ready_at) {
                return Ready();
            }
            if (polls == 1) {
                first = second = cx.waker();
            }
            return Pending;
        });
        auto [runnable, handle] = rt::make_stepped_task(std::move(work), queue);
        static std::deque<rt::SteppedJoinHandle<>>& kept = *new std::deque<rt::SteppedJoinHandle<>>;
        kept.push_back(std::move(handle));  // this step is about the other end of the task
        task = &runnable.task();
        queue.schedule(std::move(runnable));
        step("run a new task, which keeps two wakers and is Pending");
        CHECK(queue.run_one());
    }
};

}  // namespace

TEST_SUITE("09.2 the references of a task") {
    TEST_CASE("a poll that was Pending gives the reference of its Runnable back") {
        TwoWakers two(9);
        CHECK(references(*two.task) == 2);
    }

    TEST_CASE("a wake by reference takes one reference for the Runnable") {
        TwoWakers two(9);
        step("wake it by reference");
        two.first.wake_by_ref();
        CHECK_MESSAGE(references(*two.task) == 3,
                      "a wake by reference leaves the waker its reference, so the Runnable needs one of its own");
        step("wake it by reference again");
        two.first.wake_by_ref();
        CHECK(references(*two.task) == 3);
        CHECK(two.queue.run_one());
        CHECK(references(*two.task) == 2);
    }

    TEST_CASE("a wake by value hands its reference on or gives it back") {
        TwoWakers two(9);
        step("wake it by value");
        std::move(two.first).wake();
        CHECK_MESSAGE(references(*two.task) == 2,
                      "a wake by value uses the waker up, so the Runnable gets the waker's reference");
        step("wake it by value with the other waker. It is in the queue already");
        std::move(two.second).wake();
        CHECK_MESSAGE(references(*two.task) == 1,
                      "this wake by value needs no Runnable, so it must give the waker's reference back");
        CHECK(two.queue.run_one());
        CHECK(references(*two.task) == 0);
    }

    TEST_CASE("a task that ends gives the reference of its Runnable back") {
        TwoWakers two(2);
        step("wake it by reference, and run it to its end");
        two.first.wake_by_ref();
        CHECK(two.queue.run_one());
        CHECK(two.task->is_finished());
        CHECK(references(*two.task) == 2);
        step("wake it by value when it is done");
        std::move(two.first).wake();
        CHECK_FALSE(two.queue.run_one());
        CHECK(references(*two.task) == 1);
    }
}
