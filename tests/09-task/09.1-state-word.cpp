#include "queue.hpp"

#include <doctest/doctest.h>
#include <rt/sync.hpp>
#include <rt/task_state.hpp>
#include <support/random.hpp>
#include <support/sanitizers.hpp>
#include <support/story.hpp>
#include <support/test_thread.hpp>

#include <optional>

using namespace support;
using rt::TaskState;
using OnWake = TaskState::OnWake;
using OnStart = TaskState::OnStart;
using OnPause = TaskState::OnPause;
using OnComplete = TaskState::OnComplete;
using OnDropHandle = TaskState::OnDropHandle;
using OnRelease = TaskState::OnRelease;

namespace {

/// The handle goes while others keep the task alive and it is not complete.
void drop_handle(TaskState& state) {
    CHECK(state.drop_handle() == OnDropHandle::nothing);
    CHECK(state.release() == OnRelease::nothing);
}

/// Where two threads meet without sleeping: rounds are too short for that.
class alignas(64) Meeting {
  public:
    void say(int number) noexcept { number_.store(number, rt::release); }
    void wait_for(int number) const noexcept {
        for (int spins = 0; number_.load(rt::acquire) != number; ++spins) {
            if (spins > 2000) {
                rt::yield_thread();
            }
        }
    }

  private:
    rt::Atomic<int> number_{0};
};

/// What the two threads of one round share; the flag and the word on lines of their own.
struct Duel {
    Duel() { reset(); }

    /// A task that is notified, and not polled yet.
    void reset() {
        state.emplace(false);
        state->retain();  // so that a pause never destroys
        flag.store(false, rt::relaxed);
    }

    alignas(64) std::optional<TaskState> state;
    alignas(64) rt::Atomic<bool> flag{false};
    Meeting begun;
    Meeting woken;
    Meeting next;
    OnWake answer = OnWake::nothing;
};

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
        state.retain();  // the Runnable's reference, which the caller of wake makes
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

    TEST_CASE("after completion nothing schedules it") {
        TaskState state(false);
        CHECK(state.start() == OnStart::poll);
        step("wake it during its last poll");
        CHECK(state.wake() == OnWake::nothing);
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
        state.retain();
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
            CHECK(state.release() == OnRelease::nothing);
            step("the task is done: nobody will ask for its outcome");
            CHECK(state.complete() == OnComplete::drop_outcome);
            CHECK(state.release_finished() == OnRelease::destroy);
        }
        SUBCASE("the task is done first") {
            TaskState state(false);
            CHECK(state.start() == OnStart::poll);
            CHECK(state.complete() == OnComplete::wake_handle);
            CHECK(state.release_finished() == OnRelease::nothing);
            step("the handle is dropped after the end");
            CHECK(state.drop_handle() == OnDropHandle::drop_outcome);
            CHECK(state.release() == OnRelease::destroy);
        }
        SUBCASE("the task ends while the handle goes") {
            TaskState state(false);
            CHECK(state.start() == OnStart::poll);
            CHECK(state.complete() == OnComplete::wake_handle);
            step("the handle is dropped before the task has given its Runnable back");
            CHECK(state.drop_handle() == OnDropHandle::drop_outcome);
            CHECK(state.release() == OnRelease::nothing);
            CHECK(state.release_finished() == OnRelease::destroy);
        }
    }

    TEST_CASE("whoever takes the last reference away destroys the task") {
        TaskState state(false);
        CHECK(state.start() == OnStart::poll);
        step("two wakers are kept");
        state.retain();
        state.retain();
        CHECK(state.pause() == OnPause::nothing);
        SUBCASE("the last waker goes last") {
            CHECK(state.drop_handle() == OnDropHandle::nothing);
            CHECK(state.release() == OnRelease::nothing);  // the handle
            CHECK(state.release() == OnRelease::nothing);
            CHECK(state.release() == OnRelease::destroy);
        }
        SUBCASE("the handle goes last") {
            CHECK(state.release() == OnRelease::nothing);
            CHECK(state.release() == OnRelease::nothing);
            CHECK(state.drop_handle() == OnDropHandle::nothing);
            CHECK(state.release() == OnRelease::destroy);
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
            state.retain();
            CHECK(state.pause() == OnPause::nothing);
        }
    }

    TEST_CASE("an owned task lives until it has left its list") {
        TaskState state(true);
        drop_handle(state);
        CHECK(state.start() == OnStart::poll);
        CHECK(state.complete() == OnComplete::drop_outcome);
        step("it has left its list");
        CHECK(state.release_finished() == OnRelease::destroy);
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

    // The same by trying often: a wake that only reads the word may do so before its own news has left the processor's store
    // buffer, and then neither side sees the other.
    TEST_CASE("no wake is lost as a poll begins") {
        int const rounds = under_tsan ? 2'000 : 20'000;
        Random random(seed_of_this_run());
        step("{} rounds: one thread sets a flag and wakes while another begins the poll", rounds);
        Duel duel;
        TestThread waker([&] {
            for (int number = 1; number <= rounds; ++number) {
                (void)duel.state->is_complete();  // the word is near now, and the flag is far
                duel.begun.wait_for(number);
                duel.flag.store(true, rt::relaxed);
                duel.answer = duel.state->wake();
                duel.woken.say(number);
                duel.next.wait_for(number);
            }
        });
        int lost = 0;
        for (int number = 1; number <= rounds; ++number) {
            int const pause = random.below(300);
            duel.begun.say(number);
            for (int n = 0; n < pause; ++n) {
                (void)duel.flag.load(rt::relaxed);
            }
            (void)duel.state->start();
            bool const seen = duel.flag.load(rt::relaxed);
            bool const again = duel.state->pause() == OnPause::schedule_again;
            duel.woken.wait_for(number);
            lost += !seen && !again && duel.answer == OnWake::nothing;
            duel.reset();
            duel.next.say(number);
            if (number % 10 == 0) {
                still_alive();
            }
        }
        waker.join();
        INFO("wakes that the poll did not see and that brought no other poll: a wake must always write to the word");
        CHECK(lost == 0);
    }
}
