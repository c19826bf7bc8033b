/// \file
/// 14.1: timers that fire, that get another waker, and that are cancelled. The clock is paused.
#include "stepped_timers.hpp"

#include <doctest/doctest.h>
#include <rt/park.hpp>
#include <rt/waker.hpp>
#include <support/calling_waker.hpp>
#include <support/counting_waker.hpp>
#include <support/show.hpp>
#include <support/stepped_atomic.hpp>
#include <support/story.hpp>
#include <support/trace_log.hpp>

#include <chrono>
#include <deque>
#include <optional>
#include <string>
#include <utility>

using namespace support;
using namespace std::chrono_literals;

namespace {

class PausedTimers : public TimersUnderTest {
  public:
    PausedTimers() { pause(); }

    rt::Instant in(std::chrono::nanoseconds duration) const { return timers.now() + duration; }

    /// Calls `call`. The clock jumps after so many accesses of `call` to a timer's state, if `call` holds no lock then. Returns
    /// whether a timer was there to jump to.
    template <class Call>
    bool jump_at(int accesses, Call call) {
        bool has_jumped = false;
        auto other_thread = [&](int access, auto&) {
            if (access == accesses && !holds_the_lock) {
                has_jumped = timers.size() != 0;
                jump();
            }
        };
        Steps::between(other_thread, call);
        return has_jumped;
    }
};

/// How often a timer's state was written without `release`.
thread_local int weak_marks = 0;

void count_weak_marks(const Access& access) { weak_marks += access.writes && !releases(access.order) ? 1 : 0; }

}  // namespace

TEST_SUITE("14.1 timers that fire and change") {
    TEST_CASE("a timer fires once and is marked") {
        Timer timer;
        Timer later;
        PausedTimers clock;
        CountingWaker sleeper;
        CountingWaker other;
        step("set a timer in 1 s, and another one in 2 s");
        clock.timers.set(timer, clock.in(1s), sleeper.waker());
        clock.timers.set(later, clock.in(2s), other.waker());
        clock.jump();
        CHECK_MESSAGE(sleeper.wakes() == 1, "the timer was due, and its task was not woken");
        CHECK_MESSAGE(timer.has_fired(), "the timer was not marked as fired, so its future will not be Ready");
        CHECK_MESSAGE(other.wakes() == 0, "the other timer was not due yet");
        CHECK(later.is_waiting());
        clock.jump();
        CHECK(sleeper.wakes() == 1);
        CHECK(other.wakes() == 1);
        CHECK_MESSAGE(sleeper.alive() == 0, "a timer that has fired must keep no waker");
    }

    TEST_CASE("a timer is not a nanosecond early") {
        Timer timer;
        Timer before;
        PausedTimers clock;
        CountingWaker sleeper;
        clock.timers.set(timer, clock.in(1ms), sleeper.waker());
        clock.timers.set(before, clock.in(1ms - 1ns), rt::Waker::noop());
        clock.jump();
        CHECK(sleeper.wakes() == 0);
        clock.jump();
        CHECK(sleeper.wakes() == 1);
    }

    TEST_CASE("all timers that are due fire in one park and in order") {
        std::string order;
        std::deque<CallingWaker> wakers;
        std::deque<Timer> timers;
        PausedTimers clock;
        step("set five timers to the same moment");
        for (int i = 1; i <= 5; ++i) {
            wakers.emplace_back([&order, i] { order += std::to_string(i) + " "; });
            clock.timers.set(timers.emplace_back(), clock.in(1s), wakers.back().waker());
        }
        clock.jump();
        CHECK_MESSAGE(order == "1 2 3 4 5 ", "each timer that is due fires now, the earliest first");
    }

    TEST_CASE("the timer is marked before its task is woken") {
        Timer timer;
        bool was_marked = false;
        CallingWaker task([&] { was_marked = timer.has_fired(); });
        PausedTimers clock;
        clock.timers.set(timer, clock.in(1s), task.waker());
        clock.jump();
        CHECK_MESSAGE(
            was_marked,
            "the task was polled at once, and its timer said that it still waits. Mark the timer before the wake.");
    }

    TEST_CASE("a timer that is marked may be destroyed at once") {
        std::optional<Timer> timer(std::in_place);
        PausedTimers clock;
        CountingWaker sleeper;
        clock.timers.set(*timer, clock.in(1s), sleeper.waker());
        bool had_the_waker = false;
        auto owner = [&](int, auto&) {
            if (timer && timer->has_fired()) {
                step("on another thread, the owner sees the mark and destroys the timer");
                int const drops = sleeper.drops();
                timer.reset();
                had_the_waker = sleeper.drops() > drops;
            }
        };
        weak_marks = 0;
        Steps::on_access = count_weak_marks;
        Steps::between(owner, [&] { clock.jump(); });
        Steps::on_access = nullptr;
        CHECK_FALSE(timer.has_value());
        CHECK_MESSAGE(weak_marks == 0, "without `release`, the owner may destroy what this thread still uses");
        CHECK_MESSAGE(!had_the_waker,
                      "the waker was destroyed with the timer. Take the waker out before you mark the timer.");
        CHECK(sleeper.wakes() == 1);
    }

    TEST_CASE("a timer that fires is marked before the unlock") {
        Timer timer;
        PausedTimers clock;
        clock.timers.set(timer, clock.in(1s), rt::Waker::noop());
        bool is_in_between = false;
        after_unlock = [&] { is_in_between |= timer.is_waiting() && clock.timers.size() == 0; };
        clock.jump();
        after_unlock = nullptr;
        CHECK_MESSAGE(!is_in_between,
                      "after the unlock, another thread would still cancel the timer. Mark it under the lock.");
    }

    TEST_CASE("a task that is woken may set and cancel timers") {
        Timer first;
        Timer second;
        Timer third;
        PausedTimers clock;
        CountingWaker sleeper;
        CallingWaker task([&] {
            step("the task that is woken cancels the second timer, and sets a third one");
            clock.timers.cancel(second);
            clock.timers.set(third, clock.in(1s), sleeper.waker());
        });
        clock.timers.set(first, clock.in(1s), task.waker());
        clock.timers.set(second, clock.in(2s), sleeper.waker());
        clock.jump();
        CHECK(sleeper.wakes() == 0);
        CHECK(clock.timers.size() == 1);
        clock.jump();
        CHECK(third.has_fired());
        CHECK(sleeper.wakes() == 1);
    }

    TEST_CASE("timers announce themselves") {
        Timer timer;
        PausedTimers clock;
        TraceLog log;
        log.call(&timer, "the timer");
        clock.timers.set(timer, clock.in(1s), rt::Waker::noop());
        clock.jump();
        CHECK(log.text() == "timer set the timer\ntimer fires the timer\n");
    }

    TEST_CASE("a waiting timer takes the newest waker") {
        Timer timer;
        PausedTimers clock;
        CountingWaker first;
        CountingWaker second;
        rt::Waker newest = second.waker();
        clock.timers.set(timer, clock.in(1s), first.waker());
        step("another task polls the future, so the waker is replaced");
        CHECK(clock.timers.update(timer, newest));
        CHECK_MESSAGE(first.alive() == 0, "the old waker was not dropped");
        step("the same task polls it again");
        CHECK(clock.timers.update(timer, newest));
        CHECK_MESSAGE(second.clones() == 1, "the timer had this waker already. will_wake says so.");
        clock.jump();
        CHECK_MESSAGE(second.wakes() == 1, "the task that polled last must be woken");
        CHECK(first.wakes() == 0);
    }

    TEST_CASE("the waker of a timer is compared under the lock") {
        Timer timer;
        PausedTimers clock;
        rt::Waker waker = rt::Waker::noop();
        clock.timers.set(timer, clock.in(1s), waker);
        bool has_locked = false;
        after_unlock = [&] { has_locked = true; };
        step("give the timer the waker that it has");
        CHECK(clock.timers.update(timer, waker));
        after_unlock = nullptr;
        CHECK_MESSAGE(has_locked,
                      "`update` read the waker without the lock, while another thread may fire the timer. Lock first.");
    }

    TEST_CASE("a timer that fires right after the unlock wakes the newest waker") {
        Timer timer;
        PausedTimers clock;
        CountingWaker old;
        CountingWaker newest;
        rt::Waker waker = newest.waker();
        clock.timers.set(timer, clock.in(1s), old.waker());
        step("another task polls the future. The timer fires as soon as `update` has unlocked");
        after_unlock = [&] { clock.jump(); };
        bool const waits = clock.timers.update(timer, waker);
        after_unlock = nullptr;
        CHECK_MESSAGE(
            (newest.wakes() == 1 || !waits),
            "`update` changed the timer after the unlock, so the old task was woken, and the newest one waits "
            "forever. Replace the waker under the lock.");
    }

    TEST_CASE("a timer that has fired takes no waker") {
        Timer timer;
        PausedTimers clock;
        CountingWaker late;
        rt::Waker waker = late.waker();
        clock.timers.set(timer, clock.in(1s), rt::Waker::noop());
        clock.jump();
        step("the waker is replaced");
        bool const waits = clock.timers.update(timer, waker);
        CHECK_MESSAGE(!waits, "the timer has fired, so the future that asks would wait forever");
        CHECK_MESSAGE(late.alive() == 1, "the timer keeps a copy of the waker, and nobody will wake it");
        CHECK(timer.has_fired());
    }

    TEST_CASE("a timer that fires just before its waker is replaced is noticed") {
        for (int moment = 0; moment < 3; ++moment) {
            Timer timer;
            PausedTimers clock;
            clock.timers.set(timer, clock.in(1s), rt::Waker::noop());
            CountingWaker late;
            rt::Waker newest = late.waker();
            bool waits = true;
            bool const has_jumped = clock.jump_at(moment, [&] { waits = clock.timers.update(timer, newest); });
            CHECK_MESSAGE(waits == !has_jumped,
                          "the timer fired after you had looked at it. Look at it under the lock.");
        }
    }

    TEST_CASE("a cancelled timer never fires and gives its waker back") {
        Timer timer;
        Timer later;
        PausedTimers clock;
        CountingWaker sleeper;
        clock.timers.set(timer, clock.in(1s), sleeper.waker());
        clock.timers.set(later, clock.in(2s), rt::Waker::noop());
        step("cancel the first timer");
        rt::Waker waker = clock.timers.cancel(timer);
        CHECK_MESSAGE(waker, "cancel must return the waker, because Sleep::reset uses it again");
        CHECK_MESSAGE(timer.is_idle(), "a cancelled timer may be set again, so it is idle");
        CHECK_MESSAGE(clock.timers.size() == 1, "the heap still points to the cancelled timer");
        CHECK_MESSAGE(sleeper.alive() == 1, "the timer still keeps a waker of the task. Move it out.");
        clock.jump();
        CHECK(sleeper.wakes() == 0);
        CHECK(later.has_fired());
        step("set the cancelled timer again");
        clock.timers.set(timer, clock.in(1s), std::move(waker));
        clock.jump();
        CHECK(sleeper.wakes() == 1);
    }

    TEST_CASE("a timer that moves the clock is cancelled too") {
        Timer advance(true);
        PausedTimers clock;
        CountingWaker sleeper;
        clock.timers.set(advance, clock.in(1s), sleeper.waker());
        step("cancel the timer of an `advance`, which is in the heap of those");
        clock.timers.cancel(advance);
        CHECK(advance.is_idle());
        clock.timers.set(advance, clock.in(2s), sleeper.waker());
        clock.jump();
        CHECK(sleeper.wakes() == 1);
    }

    TEST_CASE("only a waiting timer is cancelled") {
        Timer timer;
        PausedTimers clock;
        step("cancel a timer that was never set");
        CHECK_FALSE(clock.timers.cancel(timer));
        clock.timers.set(timer, clock.in(1s), rt::Waker::noop());
        clock.jump();
        step("cancel a timer that has fired");
        CHECK_FALSE(clock.timers.cancel(timer));
        CHECK_MESSAGE(timer.has_fired(), "the timer has fired, and its future must learn that");
    }

    TEST_CASE("a timer that fires just before it is cancelled stays fired") {
        for (int moment = 0; moment < 3; ++moment) {
            Timer timer;
            PausedTimers clock;
            clock.timers.set(timer, clock.in(1s), rt::Waker::noop());
            bool const has_jumped = clock.jump_at(moment, [&] { clock.timers.cancel(timer); });
            CHECK(timer.has_fired() == has_jumped);
        }
    }

    TEST_CASE("a waker that is dropped may use the timers") {
        // The waker may be the last to hold a task, whose futures then remove their timers.
        Timer timer;
        PausedTimers clock;
        std::size_t timers_left = 9;
        CallingWaker task([] {}, [&] { timers_left = clock.timers.size(); });
        rt::Waker other = rt::Waker::noop();
        step("replace the waker of a timer");
        clock.timers.set(timer, clock.in(1s), task.waker());
        CHECK(clock.timers.update(timer, other));
        CHECK(timers_left == 1);
        clock.timers.cancel(timer);
        step("cancel a timer");
        clock.timers.set(timer, clock.in(1s), task.waker());
        clock.timers.cancel(timer);
        CHECK(timers_left == 0);
        step("let a timer fire");
        clock.timers.set(timer, clock.in(1s), task.waker());
        clock.jump();
        CHECK(timer.has_fired());
    }
}
