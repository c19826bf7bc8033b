/// \file
/// 16.1: the owner of a queue and one or two thieves, in every order of what they do.
#include "numbered_tasks.hpp"

#include <rt/injection.hpp>
#include <rt/runnable.hpp>
#include <rt/task_list.hpp>
#include <support/explore/replace.hpp>
#define Deque ExploredDeque
#include <rt/deque.hpp>
#undef Deque
#include <support/explore/restore.hpp>

#include <doctest/doctest.h>
#include <rt/sync.hpp>
#include <support/explore/explorer.hpp>
#include <support/explore/sync.hpp>

#include <array>
#include <cstddef>
#include <optional>
#include <utility>

using support::NumberedTasks;
using Deque = rt::ExploredDeque;

namespace {

/// The queue of a worker, and what each task brings with it, which whoever takes the task reads.
struct Workers {
    void push() {
        letters[static_cast<std::size_t>(pushed++)].set(1);
        owner.push(tasks.next(), overflow);
    }
    void took(std::optional<rt::Runnable> runnable) {
        int const number = tasks.take(std::move(runnable));
        explore::expect(number >= -1, "something was taken that is no task");
        if (number >= 0) {
            explore::expect(letters[static_cast<std::size_t>(number)].get() == 1,
                            "the task is older than what was pushed");
        }
    }
    void expect_each_once() {
        (void)tasks.drain(owner);
        (void)tasks.drain(thief);
        explore::expect(tasks.taken_twice() == 0,
                        "a task was taken twice. Is it taken by the exchange of the head, and only if that succeeds?");
        explore::expect(tasks.lost() == 0, "a task is lost");
    }

    NumberedTasks tasks;
    std::array<explore::Cell<int>, 4> letters;
    int pushed = 0;
    rt::InjectionQueue overflow;
    Deque owner, thief;
};

}  // namespace

TEST_SUITE("16.1 the queue of a worker in every order") {
    TEST_CASE("a thief comes while the owner pushes and pops") {
        explore::every_order([] {
            Workers workers;
            explore::Thread other([&] { workers.took(workers.thief.steal_from(workers.owner)); });
            workers.push();
            workers.push();
            workers.took(workers.owner.pop());
            other.join();
            workers.expect_each_once();
        });
    }

    TEST_CASE("two thieves and the owner want the same two tasks") {
        explore::every_order(
            [] {
                Workers workers;
                Deque second_thief;
                workers.push();
                workers.push();
                explore::Thread first([&] { workers.took(workers.thief.steal_from(workers.owner)); });
                explore::Thread second([&] { workers.took(second_thief.steal_from(workers.owner)); });
                workers.took(workers.owner.pop());
                first.join();
                second.join();
                (void)workers.tasks.drain(second_thief);
                workers.expect_each_once();
            },
            {.preemptions = 2});
    }
}
