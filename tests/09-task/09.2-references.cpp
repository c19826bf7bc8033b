// A task over a state word that calls the test, which counts the references in it.
// It is compiled by itself, because stepped_task.hpp includes headers with other names (#define, #undef).
#include "counting_queue.hpp"

#include <doctest/doctest.h>
#include <rt/future.hpp>
#include <rt/violation.hpp>
#include <support/death.hpp>
#include <support/drop_counter.hpp>
#include <support/story.hpp>

#include <deque>
#include <utility>

using namespace support;
using rt::Pending;
using rt::Ready;

namespace {

using Token = DropCounter::Token;

/// A task that was polled once, and left two wakers. It is Ready at the poll that `ready_at` says.
struct TwoWakers {
    DropCounter futures;
    DropCounter outputs;
    CountingQueue queue;
    rt::Waker first;
    rt::Waker second;
    int polls = 0;
    int wakes_itself_in = 0;  // the poll in which it wakes itself
    rt::SteppedTask* task = nullptr;

    explicit TwoWakers(int ready_at, rt::SteppedOwned owned = rt::SteppedOwned::no) {
        auto work = [this, ready_at, token = futures.token()](rt::Context& cx) -> rt::Poll<Token> {
            if (++polls == ready_at) {
                return Ready(outputs.token());
            }
            if (polls == 1) {
                first = second = cx.waker();
            }
            if (polls == wakes_itself_in) {
                cx.waker().wake_by_ref();
            }
            return Pending;
        };
        auto [runnable, handle] = rt::make_stepped_task(rt::poll_fn(std::move(work)), queue, owned);
        static std::deque<rt::SteppedJoinHandle<Token>>& kept = *new std::deque<rt::SteppedJoinHandle<Token>>;
        kept.push_back(std::move(handle));  // this step is about the other end of the task
        task = &runnable.task();
        queue.schedule(std::move(runnable));
        step("run a new task, which keeps two wakers and is Pending");
        CHECK(queue.run_one());
    }

    /// Takes the handle's hold on the task away, as step 09.3 will.
    void drop_handle() {
        step("drop its handle");
        with_word_of(*task, [](rt::Atomic<unsigned>& word) { word.fetch_and(~handle_bit); });
    }
    /// The first waker becomes a Runnable. Nothing else keeps the task alive then, besides its handle and its list.
    void wake_with_the_last_waker() {
        step("drop one waker, and wake the task by value with the other one");
        second = rt::Waker();
        std::move(first).wake();
    }
};

}  // namespace

TEST_SUITE("09.2 the references of a task") {
    TEST_CASE("a poll that was Pending gives the reference of its Runnable back") {
        TwoWakers two(9);
        CHECK_MESSAGE(
            references(*two.task) == 2,
            "only the two wakers keep this task alive now. `pause` has given the Runnable's reference back, so don't "
            "give it back once more.");
    }

    TEST_CASE("a wake during the poll leaves the Runnable its reference") {
        TwoWakers two(9);
        two.wakes_itself_in = 2;
        two.first.wake_by_ref();
        step("run it, and it wakes itself in its poll");
        CHECK(two.queue.run_one());
        if (two.futures.alive() == 0) {
            rt::violation(
                "the task is gone, although its Runnable is in the queue again. If `pause` answers schedule_again, only "
                "schedule it.");
        }
        CHECK_MESSAGE(
            references(*two.task) == 3,
            "the Runnable of this poll is queued again, and it has a reference already. Take none, and give none back.");
        CHECK(two.queue.run_one());
        CHECK(references(*two.task) == 2);
    }

    TEST_CASE("a wake by reference takes one reference for the Runnable") {
        TwoWakers two(9);
        step("wake it by reference");
        two.first.wake_by_ref();
        CHECK_MESSAGE(references(*two.task) == 3,
                      "a wake by reference leaves the waker its reference, so the Runnable needs one of its own");
        CHECK_MESSAGE(
            two.queue.references_when_scheduled() == 3,
            "the Runnable was scheduled before it had its reference. Another thread may run it at once, and destroy the "
            "task. Take the reference first.");
        step("wake it by reference again");
        two.first.wake_by_ref();
        CHECK_MESSAGE(references(*two.task) == 3,
                      "the second wake made no Runnable, so it takes no reference. Do only what `next` says.");
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
        CHECK_MESSAGE(references(*two.task) == 2,
                      "the task has ended, so only its two wakers keep it. Give the Runnable's reference back once.");
        CHECK_MESSAGE(two.queue.finished() == 0,
                      "no list holds this task, so there is none to leave. Call `finished` only if the task is owned.");
        CHECK_MESSAGE(
            two.outputs.alive() == 1,
            "the task destroyed its outcome, although its JoinHandle can still ask for it. Do only what `complete` "
            "answers.");
        step("wake it by value when it is done");
        std::move(two.first).wake();
        CHECK_FALSE(two.queue.run_one());
        CHECK(references(*two.task) == 1);
    }

    TEST_CASE("an owned task leaves its list and then gives its references back") {
        TwoWakers two(2, rt::SteppedOwned::yes);
        step("wake it by reference, and run it to its end");
        two.first.wake_by_ref();
        CHECK(two.queue.run_one());
        CHECK_MESSAGE(two.queue.finished() == 1,
                      "the task is owned and has ended, but it is still in its list. Call `finished` of its schedule.");
        CHECK_MESSAGE(
            two.queue.references_when_finished() == 3,
            "the task gave its reference back before it left its list, so its JoinHandle may destroy it meanwhile. "
            "Call `finished` first.");
        CHECK_MESSAGE((word_of(*two.task) & owned_bit) == 0,
                      "the list's hold still keeps the task alive. Let `drop_finished` give both holds back.");
        CHECK(references(*two.task) == 2);
    }

    TEST_CASE("a task that ends without a handle destroys its outcome") {
        TwoWakers two(2);
        two.drop_handle();
        two.first.wake_by_ref();
        step("run it to its end");
        CHECK(two.queue.run_one());
        CHECK(two.task->is_finished());
        CHECK_MESSAGE(
            two.outputs.alive() == 0,
            "nobody can ask for the outcome any more, but it is still there. Call `discard_outcome` where `complete` "
            "says `drop_outcome`.");
    }

    TEST_CASE("an owned task leaves its list when all of it has ended") {
        TwoWakers two(2, rt::SteppedOwned::yes);
        two.drop_handle();
        two.first.wake_by_ref();
        two.queue.when_it_leaves = [&two](rt::SteppedTask& task) {
            CHECK_MESSAGE(task.is_finished(),
                          "the task left its list before it was complete. Call `complete` before `finished`.");
            CHECK_MESSAGE(
                two.outputs.alive() == 0,
                "the task left its list before its outcome was destroyed. A runtime may end when its list is empty, so "
                "do what `complete` answers before you call `finished`.");
        };
        step("run it to its end");
        CHECK(two.queue.run_one());
        CHECK(two.queue.finished() == 1);
    }

    TEST_CASE("a task that nothing keeps alive is destroyed at the end of its poll") {
        TwoWakers two(9);
        two.drop_handle();
        two.wake_with_the_last_waker();
        step("run it: Pending, and no waker is left");
        CHECK(two.queue.run_one());
        CHECK_MESSAGE(
            two.futures.alive() == 0,
            "`pause` gave the last reference back, and nobody destroyed the task. Where it says `destroy`, delete this.");
    }

    TEST_CASE("a task that only its list keeps is reported") {
        expect_violation("returned Pending but kept no waker", [] {
            TwoWakers two(9, rt::SteppedOwned::yes);
            two.drop_handle();
            two.wake_with_the_last_waker();
            two.queue.run_one();
        });
    }
}
