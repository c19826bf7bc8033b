#include "queue.hpp"

#include <doctest/doctest.h>
#include <rt/sync.hpp>
#include <rt/task_state.hpp>
#include <support/story.hpp>
#include <support/test_thread.hpp>

using namespace support;
using rt::TaskState;
using OnWake = TaskState::OnWake;
using OnStart = TaskState::OnStart;
using OnPause = TaskState::OnPause;
using OnComplete = TaskState::OnComplete;
using OnDropHandle = TaskState::OnDropHandle;
using OnDropReference = TaskState::OnDropReference;

namespace {

/// The handle goes while others keep the task alive and it is not complete.
void drop_handle(TaskState& state) {
    CHECK(state.drop_handle() == OnDropHandle::nothing);
    CHECK(state.drop_reference() == OnDropReference::nothing);
}

}  // namespace

TEST_SUITE("09.1 the state word") {
    TEST_CASE("a newborn task waits to be run already") {
        TaskState state(false);
        step("wake it before its first poll");
        CHECK(state.wake() == OnWake::nothing);
        CHECK(state.start() == OnStart::poll);
        CHECK_FALSE(state.is_complete());
    }

    TEST_CASE("the first wake of a sleeping task schedules it and the second does not") {
        TaskState state(false);
        step("poll it: Pending");
        CHECK(state.start() == OnStart::poll);
        CHECK(state.pause() == OnPause::nothing);
        step("wake it twice");
        CHECK(state.wake() == OnWake::schedule);
        CHECK(state.wake() == OnWake::nothing);
        step("it is run: from now on a wake counts again");
        state.add_reference();  // the Runnable's reference, which the caller of wake makes
        CHECK(state.start() == OnStart::poll);
        CHECK(state.pause() == OnPause::nothing);
        CHECK(state.wake() == OnWake::schedule);
    }

    TEST_CASE("a wake during the poll is kept for its end") {
        TaskState state(false);
        CHECK(state.start() == OnStart::poll);
        step("wake it twice while it is polled");
        CHECK(state.wake() == OnWake::nothing);
        CHECK(state.wake() == OnWake::nothing);
        step("the poll ends: Pending");
        CHECK(state.pause() == OnPause::schedule_again);
        step("it waits in the queue now: another wake changes nothing");
        CHECK(state.wake() == OnWake::nothing);
        CHECK(state.start() == OnStart::poll);
        step("nobody woke it during the second poll");
        CHECK(state.pause() == OnPause::nothing);
    }

    TEST_CASE("a Runnable that goes on keeps its reference") {
        TaskState state(false);
        CHECK(state.start() == OnStart::poll);
        step("wake it while it is polled");
        CHECK(state.wake() == OnWake::nothing);
        CHECK(state.pause() == OnPause::schedule_again);
        step("the same Runnable is run again, and nobody wakes the task");
        CHECK(state.start() == OnStart::poll);
        CHECK(state.pause() == OnPause::nothing);
        step("drop the handle, which is the last to keep the task alive");
        CHECK(state.drop_handle() == OnDropHandle::nothing);
        CHECK(state.drop_reference() == OnDropReference::destroy);
    }

    TEST_CASE("after completion nothing schedules it") {
        TaskState state(false);
        CHECK(state.start() == OnStart::poll);
        SUBCASE("it was not woken in its last poll") {}
        SUBCASE("it was woken in its last poll") { CHECK(state.wake() == OnWake::nothing); }
        step("it is done");
        CHECK(state.complete() == OnComplete::wake_handle);
        CHECK(state.is_complete());
        step("wake and abort it afterwards");
        CHECK(state.wake() == OnWake::nothing);
        CHECK(state.abort() == OnWake::nothing);
        CHECK(state.is_complete());
    }

    TEST_CASE("an abort schedules a sleeping task so that it ends") {
        TaskState state(false);
        CHECK(state.start() == OnStart::poll);
        CHECK(state.pause() == OnPause::nothing);
        step("abort it twice while it sleeps");
        CHECK(state.abort() == OnWake::schedule);
        CHECK(state.abort() == OnWake::nothing);
        state.add_reference();
        CHECK(state.start() == OnStart::cancel);
        CHECK(state.complete() == OnComplete::wake_handle);
    }

    TEST_CASE("an abort before the first poll") {
        TaskState state(false);
        step("abort it: it waits in the queue already");
        CHECK(state.abort() == OnWake::nothing);
        CHECK(state.start() == OnStart::cancel);
    }

    TEST_CASE("an abort during the poll is seen when the task would be polled again") {
        TaskState state(false);
        CHECK(state.start() == OnStart::poll);
        step("abort it while it is polled");
        CHECK(state.abort() == OnWake::nothing);
        CHECK(state.pause() == OnPause::schedule_again);
        CHECK(state.start() == OnStart::cancel);
    }

    TEST_CASE("the outcome belongs to the side that goes last") {
        SUBCASE("the handle goes first") {
            TaskState state(false);
            CHECK(state.start() == OnStart::poll);
            step("the handle is dropped while the task is polled");
            CHECK(state.drop_handle() == OnDropHandle::nothing);
            CHECK(state.drop_reference() == OnDropReference::nothing);
            step("the task is done: nobody will ask for its outcome");
            CHECK(state.complete() == OnComplete::drop_outcome);
            CHECK(state.drop_finished() == OnDropReference::destroy);
        }
        SUBCASE("the task is done first") {
            TaskState state(false);
            CHECK(state.start() == OnStart::poll);
            CHECK(state.complete() == OnComplete::wake_handle);
            CHECK(state.drop_finished() == OnDropReference::nothing);
            step("the handle is dropped after the end");
            CHECK(state.drop_handle() == OnDropHandle::drop_outcome);
            CHECK(state.drop_reference() == OnDropReference::destroy);
        }
        SUBCASE("the task ends while the handle goes") {
            TaskState state(false);
            CHECK(state.start() == OnStart::poll);
            CHECK(state.complete() == OnComplete::wake_handle);
            step("the handle is dropped before the task has given its Runnable back");
            CHECK(state.drop_handle() == OnDropHandle::drop_outcome);
            CHECK(state.drop_reference() == OnDropReference::nothing);
            CHECK(state.drop_finished() == OnDropReference::destroy);
        }
    }

    TEST_CASE("whoever takes the last reference away destroys the task") {
        TaskState state(false);
        CHECK(state.start() == OnStart::poll);
        step("two wakers are kept");
        state.add_reference();
        state.add_reference();
        CHECK(state.pause() == OnPause::nothing);
        SUBCASE("the last waker goes last") {
            CHECK(state.drop_handle() == OnDropHandle::nothing);
            CHECK(state.drop_reference() == OnDropReference::nothing);  // the handle
            CHECK(state.drop_reference() == OnDropReference::nothing);
            CHECK(state.drop_reference() == OnDropReference::destroy);
        }
        SUBCASE("the handle goes last") {
            CHECK(state.drop_reference() == OnDropReference::nothing);
            CHECK(state.drop_reference() == OnDropReference::nothing);
            CHECK(state.drop_handle() == OnDropHandle::nothing);
            CHECK(state.drop_reference() == OnDropReference::destroy);
        }
    }

    TEST_CASE("asleep with no waker and no handle nothing can ever wake it") {
        SUBCASE("a task that is in no list is destroyed") {
            TaskState state(false);
            CHECK_FALSE(state.is_owned());
            drop_handle(state);
            CHECK(state.start() == OnStart::poll);
            CHECK(state.pause() == OnPause::destroy);
        }
        SUBCASE("a task that a runtime owns is a mistake") {
            TaskState state(true);
            CHECK(state.is_owned());
            drop_handle(state);
            CHECK(state.start() == OnStart::poll);
            CHECK(state.pause() == OnPause::report_lost);
        }
        SUBCASE("with a handle that can abort it all is well") {
            TaskState state(true);
            CHECK(state.start() == OnStart::poll);
            CHECK(state.pause() == OnPause::nothing);
        }
        SUBCASE("with a waker all is well") {
            TaskState state(true);
            drop_handle(state);
            CHECK(state.start() == OnStart::poll);
            state.add_reference();
            CHECK(state.pause() == OnPause::nothing);
        }
    }

    TEST_CASE("an owned task lives until it has left its list") {
        TaskState state(true);
        drop_handle(state);
        CHECK(state.start() == OnStart::poll);
        CHECK(state.complete() == OnComplete::drop_outcome);
        step("it has left its list");
        CHECK(state.drop_finished() == OnDropReference::destroy);
    }

    // A wake of a task that is notified already schedules nothing, but it must still write to the word. The threads below
    // meet through relaxed atomics, which order nothing: the word alone has to carry the news. ThreadSanitizer sees it if not.
    TEST_CASE("what was done before a wake is seen by the poll that follows") {
        TaskState state(false);
        int news = 0;
        rt::Atomic<bool> woken{false};
        step("another thread writes the news and wakes the task which is notified already");
        OnWake answer = OnWake::schedule;
        TestThread waker([&] {
            news = 42;
            answer = state.wake();
            woken.store(true, rt::relaxed);  // and no CHECK here: its own atomics would order the two threads
        });
        while (!woken.load(rt::relaxed)) {
            rt::yield_thread();
        }
        step("begin the poll: it reads the news");
        OnStart const begun = state.start();
        int const read = news;
        waker.join();
        CHECK(begun == OnStart::poll);
        CHECK(read == 42);
        CHECK(answer == OnWake::nothing);
    }
}
