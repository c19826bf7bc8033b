// The handle over a state word that calls the test: the task ends at each moment of a call on its handle.
// It is compiled by itself, because stepped_task.hpp includes headers with other names (#define, #undef).
#include "stepped_task.hpp"

#include <doctest/doctest.h>
#include <rt/future.hpp>
#include <support/counting_waker.hpp>
#include <support/drop_counter.hpp>
#include <support/stepped_atomic.hpp>
#include <support/story.hpp>

#include <deque>
#include <functional>
#include <optional>
#include <utility>

using namespace support;
using rt::Ready;

namespace {

using Token = DropCounter::Token;

class SteppedQueue final : public rt::SteppedSchedule {
  public:
    void schedule(rt::SteppedRunnable runnable) noexcept override { runnables_.push_back(std::move(runnable)); }

  private:
    std::deque<rt::SteppedRunnable> runnables_;
};

/// A task whose first poll is Ready, and which the test runs at a moment that it chooses.
struct Duel {
    DropCounter outputs;
    DropCounter marks;
    SteppedQueue queue;
    bool leaves_a_waker = false;
    rt::Waker left;
    std::optional<rt::SteppedRunnable> runnable;
    rt::detail::SteppedTaskYielding<Token>* task = nullptr;
    std::optional<rt::SteppedJoinHandle<Token>> handle;

    Duel() {
        auto work = rt::poll_fn([this](rt::Context& cx) -> rt::Poll<Token> {
            if (leaves_a_waker) {
                left = cx.waker();
            }
            return Ready(outputs.token());
        });
        auto [to_run, to_join] = rt::make_stepped_task(std::move(work), queue);
        task = static_cast<rt::detail::SteppedTaskYielding<Token>*>(&to_run.task());
        runnable.emplace(std::move(to_run));
        handle.emplace(std::move(to_join));
    }

    std::function<void()> after_run = [] {};

    void run() {
        if (runnable) {
            std::move(*std::exchange(runnable, std::nullopt)).run();
            after_run();
        }
    }
};

/// Calls `call` again and again, each time with a new task. The task ends after the next access of the call to the state word.
template <class Prepare, class Call, class Check>
void end_the_task_at_each_access(const char* name, Prepare prepare, Call call, Check check) {
    for (int at = 0, accesses = 0; at <= accesses; ++at) {
        step("{}: after access {} to the state word, another thread runs the task to its end", name, at);
        Duel duel;
        prepare(duel);
        auto other = [&](int access, auto&) {
            if (access == at) {
                duel.run();
            }
        };
        Steps::between(other, [&] { call(duel); });
        accesses = Steps::accesses;
        duel.run();
        check(duel);
    }
}

void nothing(Duel&) {}

}  // namespace

TEST_SUITE("09.3 the JoinHandle step by step") {
    TEST_CASE("a handle that is polled while its task ends hears of it") {
        CountingWaker waiter;
        rt::Waker const waker = waiter.waker();
        rt::Context cx(waker);
        bool is_ready = false;
        int wakes = 0;
        end_the_task_at_each_access(
            "poll the handle", nothing,
            [&](Duel& duel) {
                wakes = waiter.wakes();
                is_ready = duel.handle->poll(cx).is_ready();
            },
            [&](Duel& duel) {
                bool const hears_of_it = is_ready || waiter.wakes() > wakes;
                CHECK_MESSAGE(
                    hears_of_it,
                    "the handle said Pending, and its task ended without a wake. Register the waker first, and "
                    "then look once more.");
                duel.handle.reset();
                CHECK_MESSAGE(
                    waiter.alive() == 1,
                    "task and handle are gone, but the handle's waker is still there. Drop it with the handle, because it may keep another task alive.");
            });
    }

    TEST_CASE("a handle that is polled with another waker while its task ends hears of it") {
        CountingWaker before;
        CountingWaker waiter;
        rt::Waker const old_waker = before.waker();
        rt::Waker const waker = waiter.waker();
        rt::Context old_cx(old_waker);
        rt::Context cx(waker);
        bool is_ready = false;
        int wakes = 0;
        end_the_task_at_each_access(
            "poll the handle with a new waker", [&](Duel& duel) { CHECK(duel.handle->poll(old_cx) == rt::Pending); },
            [&](Duel& duel) {
                wakes = waiter.wakes();
                is_ready = duel.handle->poll(cx).is_ready();
            },
            [&](Duel& duel) {
                bool const hears_of_it = is_ready || waiter.wakes() > wakes;
                CHECK_MESSAGE(
                    hears_of_it,
                    "the handle said Pending, and its newest waker was not woken. Register the waker in every "
                    "poll, and then look once more.");
                duel.handle.reset();
                CHECK(before.alive() == 1);
                CHECK(waiter.alive() == 1);
            });
    }

    TEST_CASE("a handle that goes while its task ends") {
        end_the_task_at_each_access(
            "drop the handle",
            [](Duel& duel) {
                duel.leaves_a_waker = true;
                duel.after_run = [&duel] {
                    if (duel.task->outcome.is_empty()) {  // the task has destroyed it, and a mark takes its place
                        duel.task->outcome.set_value(duel.marks.token());
                    }
                };
            },
            [](Duel& duel) { duel.handle.reset(); },
            [](Duel& duel) {
                CHECK_MESSAGE(
                    duel.marks.drops() == 0,
                    "the task destroyed its outcome, and the handle destroyed it a second time, which is a data race. Do "
                    "what the answer of `drop_handle` says, and ask nothing else.");
                CHECK_MESSAGE(
                    duel.outputs.alive() == 0,
                    "the handle is gone, the task has ended, and the outcome is still there, because a waker keeps the "
                    "task. Do what the answer of `drop_handle` says.");
                CHECK(duel.outputs.drops() == 1);
            });
    }

    TEST_CASE("a result that is taken as soon as the task has ended") {
        int taken = 0;
        end_the_task_at_each_access(
            "ask, and take the result", nothing,
            [&](Duel& duel) {
                if (duel.handle->is_finished()) {
                    Token const token = duel.handle->take_result();
                    ++taken;
                }
            },
            [](Duel& duel) {
                duel.handle.reset();
                CHECK(duel.outputs.alive() == 0);
                CHECK(duel.outputs.drops() == 1);
            });
        CHECK(taken > 0);
    }
}
