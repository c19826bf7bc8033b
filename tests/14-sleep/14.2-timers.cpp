#include <doctest/doctest.h>
#include <rt/current_thread.hpp>
#include <rt/park.hpp>
#include <rt/sync.hpp>
#include <rt/sys.hpp>
#include <rt/timers.hpp>
#include <support/calling_waker.hpp>
#include <support/counting_waker.hpp>
#include <support/late_bytes.hpp>
#include <support/paused_clock.hpp>
#include <support/show.hpp>
#include <support/story.hpp>
#include <support/test_thread.hpp>
#include <support/trace_log.hpp>

#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>

using namespace support;
using namespace std::chrono_literals;

namespace {

/// A Park that never sleeps, and remembers how it was called.
class RecordingPark final : public rt::Park {
  public:
    void park(std::optional<rt::Instant> deadline) override {
        calls += deadline == rt::no_wait ? "no wait, "
                 : deadline ? fmt::format("{} s, ", std::chrono::duration<double>(*deadline - start).count())
                            : "without end, ";
    }
    void unpark() noexcept override { ++unparks; }

    std::string calls;  // deadlines in seconds from `start`
    rt::Instant start = std::chrono::ceil<std::chrono::milliseconds>(rt::sys::now());
    int unparks = 0;
};

}  // namespace

TEST_SUITE("14.2 timers under the runtime") {
    TEST_CASE("without a timer the sleep has no end") {
        RecordingPark below;
        rt::CurrentThread runtime(below);
        runtime.service<rt::Timers>();
        below.calls.clear();
        step("the runtime sleeps");
        runtime.park().park(std::nullopt);
        CHECK(below.calls == "without end, ");
    }

    TEST_CASE("the sleep ends with the earliest of deadline and timers") {
        RecordingPark below;
        rt::CurrentThread runtime(below);
        auto& timers = runtime.service<rt::Timers>();
        CountingWaker nobody;
        rt::Timer late;
        rt::Timer early;
        rt::Instant const start = below.start;
        step("set a timer in 2 h and one in 1 h");
        timers.set(late, start + 2h, nobody.waker());
        timers.set(early, start + 1h, nobody.waker());
        below.calls.clear();
        step("sleep without end, for 30 min, for 90 min, and look around");
        runtime.park().park(std::nullopt);
        runtime.park().park(start + 30min);
        runtime.park().park(start + 90min);
        runtime.park().park(rt::no_wait);
        step("cancel the earlier one");
        timers.cancel(early);
        runtime.park().park(std::nullopt);
        CHECK(below.calls == "3600 s, 1800 s, 3600 s, no wait, 7200 s, ");
        CHECK(timers.next_deadline().value() - start == 2h);
        timers.cancel(late);
        CHECK(timers.next_deadline() == std::nullopt);
    }

    TEST_CASE("timers within a millisecond share a sleep") {
        RecordingPark below;
        rt::CurrentThread runtime(below);
        auto& timers = runtime.service<rt::Timers>();
        CountingWaker nobody;
        std::array<rt::Timer, 4> timer;
        rt::Instant const second = below.start + 1s;
        step("set timers at a full second, a nanosecond and a millisecond after it, and at the end of all time");
        timers.set(timer[0], second + 1ms, nobody.waker());
        timers.set(timer[1], second + 1ns, nobody.waker());
        timers.set(timer[2], rt::Instant::max() - 1ns, nobody.waker());
        below.calls.clear();
        runtime.park().park(std::nullopt);
        timers.cancel(timer[1]);
        runtime.park().park(std::nullopt);
        timers.set(timer[3], second, nobody.waker());
        runtime.park().park(std::nullopt);
        CHECK(below.calls == "1.001 s, 1.001 s, 1 s, ");
        step("a deadline that is not a timer's is passed on as it is");
        below.calls.clear();
        runtime.park().park(below.start + 500us);
        CHECK(below.calls == "0.0005 s, ");
        for (rt::Timer& each : timer) {
            timers.cancel(each);
        }
    }

    TEST_CASE("a Park below that comes back too soon makes no timer early") {
        RecordingPark below;
        rt::CurrentThread runtime(below);
        auto& timers = runtime.service<rt::Timers>();
        CountingWaker sleeper;
        rt::Timer timer;
        timers.set(timer, rt::sys::now() + 1h, sleeper.waker());
        step("three sleeps end at once");
        for (int i = 0; i < 3; ++i) {
            runtime.park().park(std::nullopt);
        }
        CHECK(sleeper.wakes() == 0);
        CHECK(timer.is_waiting());
        timers.cancel(timer);
    }

    TEST_CASE("a timer is not a nanosecond early") {
        PausedClock clock;
        CountingWaker sleeper;
        rt::Timer timer;
        clock.service().set(timer, clock.now() + 1ms, sleeper.waker());
        clock.advance(1ms - 1ns);
        CHECK(sleeper.wakes() == 0);
        clock.advance(1ns);
        CHECK(sleeper.wakes() == 1);
        CHECK(timer.has_fired());
    }

    TEST_CASE("a timer that is due is seen by a look around") {
        RecordingPark below;
        rt::CurrentThread runtime(below);
        auto& timers = runtime.service<rt::Timers>();
        CountingWaker sleeper;
        rt::Timer timer;
        timers.set(timer, rt::sys::now(), sleeper.waker());
        runtime.park().park(rt::no_wait);
        CHECK(sleeper.wakes_by_value() == 1);
        CHECK(sleeper.clones() == sleeper.drops());  // the copy was used up, the test's own was dropped
    }

    TEST_CASE("what is ready is not late") {
        for (int count : {1, 10, 62, 200, 2000}) {
            rt::CurrentThread runtime;
            LateBytes clients(count);
            for (int i = 0; i < count; ++i) {
                runtime.spawn(clients.serve(i)).detach();
            }
            while (clients.waiting.load() < count || runtime.base_park().has_more()) {
                runtime.turn();
            }
            clients.stand_still();
            while (!clients.all_have_ended()) {
                runtime.turn();
            }
            CHECK_MESSAGE(clients.late.load() == 0, "timers fired before the bytes that were there had been seen");
        }
    }

    TEST_CASE("a look that began before a timer was due does not fire it") {
        // Because bytes that came after the look began may be there, too.
        class SlowPark final : public rt::Park {
          public:
            void park(std::optional<rt::Instant>) override {
                while (rt::sys::now() < stands_still_until) {}
            }
            void unpark() noexcept override {}
            rt::Instant stands_still_until;
        } below;
        rt::CurrentThread runtime(below);
        auto& timers = runtime.service<rt::Timers>();
        CountingWaker sleeper;
        rt::Timer timer;
        rt::Instant const deadline = rt::sys::now() + 10ms;
        timers.set(timer, deadline, sleeper.waker());
        below.stands_still_until = deadline;
        runtime.park().park(std::nullopt);
        CHECK_MESSAGE(sleeper.wakes() == 0, "a timer that became due during the look fired without another look");
        runtime.park().park(std::nullopt);
        CHECK(sleeper.wakes() == 1);
    }

    TEST_CASE("each timer fires once") {
        PausedClock clock;
        CountingWaker sleeper;
        rt::Timer timer;
        clock.service().set(timer, clock.now() + 1s, sleeper.waker());
        clock.advance(1s);
        clock.advance(1h);
        CHECK(sleeper.wakes() == 1);
        CHECK(sleeper.alive() == 0);
    }

    TEST_CASE("a cancelled timer never fires and drops its waker") {
        PausedClock clock;
        CountingWaker sleeper;
        rt::Timer timer;
        clock.service().set(timer, clock.now() + 1s, sleeper.waker());
        CHECK(sleeper.alive() == 1);
        step("cancel it");
        clock.service().cancel(timer);
        CHECK(sleeper.alive() == 0);
        clock.advance(1h);
        CHECK(sleeper.wakes() == 0);
    }

    TEST_CASE("many timers of one moment fire in order") {
        PausedClock clock;
        constexpr int n = 100;
        std::vector<int> order;
        std::vector<std::unique_ptr<CallingWaker>> wakers;
        std::vector<std::unique_ptr<rt::Timer>> timers;
        std::vector<int> expected;
        for (int i = 0; i < n; ++i) {
            wakers.push_back(std::make_unique<CallingWaker>([&order, i] { order.push_back(i); }));
            timers.push_back(std::make_unique<rt::Timer>());
            clock.service().set(*timers.back(), clock.now() + 1s, wakers.back()->waker());
            expected.push_back(i);
        }
        step("{} timers are set to the same moment", n);
        clock.jump();
        CHECK(order == expected);
    }

    TEST_CASE("a wake may set and cancel timers") {
        PausedClock clock;
        CountingWaker sleeper;
        rt::Timer first;
        rt::Timer second;
        rt::Timer third;
        auto& timers = clock.service();
        auto meddle = [&] {
            timers.cancel(second);
            timers.set(third, clock.now() + 1s, sleeper.waker());
        };
        CallingWaker meddler(meddle);
        timers.set(first, clock.now() + 1s, meddler.waker());
        timers.set(second, clock.now() + 2s, sleeper.waker());
        clock.advance(1s);
        CHECK(timers.size() == 1);
        clock.advance(1s);
        CHECK(third.has_fired());
        CHECK(sleeper.wakes() == 1);
    }

    TEST_CASE("a waker that is dropped may ask for the timers") {
        // As one does that was the last to hold a task, whose futures then take their timers out.
        CountingWaker sleeper;
        int drops = 0;
        rt::Timer timer;
        PausedClock clock;
        auto& timers = clock.service();
        auto ask = [&] {
            CHECK(timers.size() <= 1);
            ++drops;
        };
        CallingWaker asking([] {}, ask);
        step("the waker is replaced");
        timers.set(timer, clock.now() + 1s, asking.waker());
        drops = 0;
        CHECK(timers.update(timer, sleeper.waker()));
        CHECK(drops == 1);
        timers.cancel(timer);
        step("the timer is cancelled");
        timers.set(timer, clock.now() + 1s, asking.waker());
        drops = 0;
        timers.cancel(timer);
        CHECK(drops == 1);
    }

    TEST_CASE("on the runtime's own thread nobody is unparked") {
        RecordingPark below;
        rt::CurrentThread runtime(below);
        auto& timers = runtime.service<rt::Timers>();
        runtime.park().park(std::nullopt);
        below.unparks = 0;
        CountingWaker nobody;
        rt::Timer timer;
        timers.set(timer, rt::sys::now() + 1h, nobody.waker());
        timers.cancel(timer);
        timers.set(timer, rt::sys::now() + 1min, nobody.waker());
        timers.cancel(timer);
        CHECK(below.unparks == 0);
    }

    TEST_CASE("an earlier timer from another thread ends the sleep and a later one does not") {
        rt::CurrentThread runtime;
        auto& timers = runtime.service<rt::Timers>();
        runtime.park().park(rt::no_wait);  // takes the token
        CountingWaker far;
        CountingWaker near;
        rt::Timer in_an_hour;
        rt::Timer in_two_hours;
        rt::Timer now;
        timers.set(in_an_hour, rt::sys::now() + 1h, far.waker());
        TraceLog log;
        {
            TestThread sleeper([&] {
                while (!now.has_fired()) {
                    runtime.park().park(std::nullopt);
                }
            });
            log.wait_for(TraceLog::Kind::park, 1);
            step("another thread sleeps for an hour");
            timers.set(in_two_hours, rt::sys::now() + 2h, far.waker());
            CHECK(log.count(TraceLog::Kind::unpark) == 0);
            step("set a timer that is due now");
            timers.set(now, rt::sys::now(), near.waker());
        }
        CHECK(log.count(TraceLog::Kind::unpark) == 1);
        CHECK(near.wakes() == 1);
        CHECK(far.wakes() == 0);
        timers.cancel(in_an_hour);
        timers.cancel(in_two_hours);
    }

    TEST_CASE("a waiting timer that is moved forward from another thread ends the sleep") {
        rt::CurrentThread runtime;
        auto& timers = runtime.service<rt::Timers>();
        runtime.park().park(rt::no_wait);
        CountingWaker waker;
        rt::Timer timer;
        timers.set(timer, rt::sys::now() + 1h, waker.waker());
        TraceLog log;
        {
            TestThread sleeper([&] {
                while (!timer.has_fired()) {
                    runtime.park().park(std::nullopt);
                }
            });
            log.wait_for(TraceLog::Kind::park, 1);
            step("another thread sleeps for an hour: the timer is moved to now");
            timers.cancel(timer);
            timers.set(timer, rt::sys::now(), waker.waker());
        }
        CHECK(waker.wakes() == 1);
    }

    TEST_CASE("a sleep on a real clock ends by itself and not before the timer") {
        rt::CurrentThread runtime;
        auto& timers = runtime.service<rt::Timers>();
        CountingWaker waker;
        rt::Timer timer;
        rt::Instant const deadline = rt::sys::now() + 1500us;
        timers.set(timer, deadline, waker.waker());
        step("sleep for 1.5 ms");
        while (!timer.has_fired()) {
            runtime.park().park(std::nullopt);
        }
        CHECK(rt::sys::now() >= deadline);
        CHECK(waker.wakes() == 1);
    }

    TEST_CASE("timers announce themselves") {
        PausedClock clock;
        rt::Timer timer;
        CountingWaker waker;
        TraceLog log;
        log.call(&timer, "the timer");
        clock.service().set(timer, clock.now() + 1s, waker.waker());
        clock.jump();
        CHECK(log.text() == "timer set the timer\ntimer fires the timer\n");
    }
}
