#include <doctest/doctest.h>
#include <rt/async.hpp>
#include <rt/current_thread.hpp>
#include <rt/join_set.hpp>
#include <rt/park.hpp>
#include <rt/reactor.hpp>
#include <rt/scheduler.hpp>
#include <rt/sys.hpp>
#include <rt/time.hpp>
#include <rt/timers.hpp>
#include <rt/waker.hpp>
#include <support/calling_waker.hpp>
#include <support/mock_task.hpp>
#include <support/paused_clock.hpp>
#include <support/show.hpp>
#include <support/story.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <limits>
#include <utility>
#include <vector>

using namespace support;
using namespace std::chrono_literals;
using rt::Async;
using rt::Pending;
using rt::Ready;

namespace {

Async<> sleep_and_note(std::chrono::nanoseconds duration, int number, std::vector<int>* order) {
    co_await rt::sleep(duration);
    order->push_back(number);
}

Async<> let_in(bool* was_let_in) {
    *was_let_in = true;
    co_return;
}

Async<int> sleep_for_no_time_until(const bool* was_let_in) {
    int sleeps = 0;
    while (!*was_let_in && sleeps < 100'000) {
        co_await rt::sleep(0s);
        ++sleeps;
    }
    co_return sleeps;
}

Async<> many_sleeps(int n) {
    rt::Instant const start = rt::time::now();
    std::vector<int> order;
    {
        rt::JoinSet<> sleepers;
        for (int i = 0; i < n; ++i) {
            // Deadlines in a mixed order, each taken twice.
            auto const at = static_cast<int>(static_cast<long>(i) * 7919 % n) / 2;
            sleepers.spawn(sleep_and_note(1h + std::chrono::milliseconds(at), at, &order));
        }
        while (co_await sleepers.join_next()) {
            still_alive();
        }
    }
    CHECK(order.size() == static_cast<std::size_t>(n));
    CHECK(std::is_sorted(order.begin(), order.end()));
    CHECK(rt::time::now() - start == 1h + std::chrono::milliseconds((n - 1) / 2));
    CHECK(rt::current().service<rt::Timers>().size() == 0);
}

}  // namespace

TEST_SUITE("14.3 sleep") {
    TEST_CASE("a sleep is pending until its moment has come") {
        PausedClock clock;
        auto nap = spawn_mock("the nap", rt::sleep(10s));
        CHECK(nap.poll() == Pending);
        CHECK(clock.timers() == 1);
        clock.advance(10s - 1ns);
        CHECK_FALSE(nap.is_woken());
        CHECK(nap.poll() == Pending);
        clock.advance(1ns);
        CHECK(nap.is_woken());
        CHECK(nap.poll() == Ready());
        CHECK(nap.wakes() == 1);
        CHECK(clock.timers() == 0);
    }

    TEST_CASE("a sleep that nobody polls sets no timer") {
        PausedClock clock;
        auto nap = spawn_mock("the nap", rt::sleep(10s));
        CHECK(clock.timers() == 0);
    }

    TEST_CASE("an advance by nothing lets the other tasks run") {
        PausedClock clock;
        auto advance = spawn_mock("advance(0s)", rt::time::advance(0s));
        REQUIRE_MESSAGE(
            advance.poll() == Pending,
            "`advance` was Ready at its first poll, so no other task could run. Ask the given `has_passed`.");
        clock.jump();
        CHECK(advance.poll() == Ready());
    }

    TEST_CASE("the time counts from the call and not from the first poll") {
        PausedClock clock;
        auto nap = spawn_mock("the nap", rt::sleep(10s));
        clock.advance(9s);
        CHECK(nap.poll() == Pending);
        clock.advance(1s);
        CHECK(nap.is_woken());
        CHECK(nap.poll() == Ready());
    }

    TEST_CASE("a sleep whose moment has passed is ready at its first poll") {
        PausedClock clock;
        auto nap = spawn_mock("the nap", rt::sleep(10s));
        clock.advance(11s);
        CHECK(nap.poll() == Ready());
        CHECK(clock.timers() == 0);
    }

    TEST_CASE("a moment that has just come is over only after a look") {
        rt::CurrentThread runtime;
        rt::EnterScheduler entered(runtime);
        auto nap = spawn_mock("the nap", rt::sleep_until(rt::sys::now()));
        CHECK_MESSAGE(
            nap.poll() == Pending,
            "the sleep was Ready before the runtime has looked for events up to this moment. Ask `has_passed`, or a timeout "
            "wins against bytes that came in time.");
        step("the runtime looks around");
        runtime.park().park(rt::no_wait);
        CHECK(nap.is_woken());
        CHECK(nap.poll() == Ready());
    }

    TEST_CASE("a sleep may be polled just before its timer fires") {
        PausedClock clock;
        auto nap = spawn_mock("the nap", rt::sleep(1s));
        auto wakes_first = [&] {
            step("the first of two timers has fired, and the task that it wakes polls the second sleep");
            if (nap.poll().is_ready()) {
                CHECK_MESSAGE(clock.timers() == 0,
                              "the sleep is Ready, but its timer is still set, and may outlive it");
            }
        };
        CallingWaker task(wakes_first);
        rt::Waker waker = task.waker();
        rt::Context cx(waker);
        rt::Sleep first = rt::sleep(1s);
        CHECK(first.poll(cx) == Pending);
        CHECK(nap.poll() == Pending);
        clock.advance(1s);
        if (nap.is_woken()) {
            CHECK(nap.poll() == Ready());
        }
        CHECK(nap.polls() >= 2);
    }

    TEST_CASE("a sleep that moves the clock is ready when its timer has fired") {
        PausedClock clock;
        auto advance = spawn_mock("rt::time::advance(1s)", rt::time::advance(1s));
        CHECK(advance.poll() == Pending);
        clock.jump();
        CHECK(advance.is_woken());
        CHECK_MESSAGE(advance.poll() == Ready(), "the timer has fired. Ask `has_passed` only before you set it.");
    }

    TEST_CASE("no time and less than none are over at once") {
        PausedClock clock;
        CHECK(spawn_mock("sleep(0s)", rt::sleep(0s)).poll() == Ready());
        CHECK(spawn_mock("sleep(-5s)", rt::sleep(-5s)).poll() == Ready());
        CHECK(spawn_mock("sleep(a negative eternity)", rt::sleep(std::chrono::hours::min())).poll() == Ready());
        CHECK(spawn_mock("sleep_until(long ago)", rt::sleep_until(rt::Instant::min())).poll() == Ready());
    }

    TEST_CASE("a very long time does not overflow") {
        PausedClock clock;
        using Seconds = std::chrono::duration<double>;
        using Years = std::chrono::duration<long, std::ratio<31'556'952>>;
        for (rt::Instant deadline :
             {rt::sleep(std::chrono::hours::max()).deadline(), rt::sleep(std::chrono::nanoseconds::max()).deadline(),
              rt::sleep(Years::max()).deadline(), rt::sleep(Seconds(1e300)).deadline(),
              rt::sleep(Seconds(std::numeric_limits<double>::infinity())).deadline()}) {
            CHECK(deadline.time_since_epoch() == rt::Instant::max().time_since_epoch());
        }
        CHECK(rt::sleep(Years(200)).deadline() == clock.now() + Years(200));
        auto eternity = spawn_mock("the eternity", rt::sleep(std::chrono::hours::max()));
        auto nap = spawn_mock("the nap", rt::sleep(1s));
        CHECK(eternity.poll() == Pending);
        CHECK(nap.poll() == Pending);
        clock.jump();
        CHECK(clock.elapsed() == 1s);
        CHECK_FALSE(eternity.is_woken());
    }

    TEST_CASE("moments of long ago are over at once on a running clock") {
        rt::CurrentThread runtime;
        auto all = []() -> Async<int> {
            int count = 0;
            rt::Instant const epoch{};
            for (rt::Instant past : {rt::Instant::min(), rt::Instant::min() + 1ns, epoch, rt::time::now()}) {
                co_await rt::sleep_until(past);
                ++count;
            }
            co_return count;
        };
        CHECK(runtime.block_on(all()) == 4);
        runtime.service<rt::Reactor>();
        CHECK(runtime.block_on(all()) == 4);
    }

    TEST_CASE("fractions of the clock's unit are rounded up") {
        using Picoseconds = std::chrono::duration<long, std::pico>;
        PausedClock clock;
        CHECK(rt::sleep(Picoseconds(1)).deadline() == clock.now() + 1ns);
        CHECK(rt::sleep(Picoseconds(1001)).deadline() == clock.now() + 2ns);
        CHECK(rt::sleep(std::chrono::duration<double>(0.5)).deadline() == clock.now() + 500ms);
    }

    TEST_CASE("equal deadlines wake in the order of the first polls") {
        std::vector<int> order;
        auto body = [](std::vector<int>* o) -> Async<> {
            auto one = rt::spawn(sleep_and_note(1s, 1, o));
            auto two = rt::spawn(sleep_and_note(1s, 2, o));
            auto three = rt::spawn(sleep_and_note(1s, 3, o));
            co_await one;
            co_await two;
            co_await three;
        };
        run_paused(body(&order));
        CHECK(order == std::vector<int>{1, 2, 3});
    }

    TEST_CASE("the latest waker is woken") {
        PausedClock clock;
        rt::Sleep sleep = rt::sleep(1s);
        auto first = spawn_mock("the sleep as lent to one task", rt::by_ref(sleep));
        auto second = spawn_mock("the sleep as lent to another", rt::by_ref(sleep));
        CHECK(first.poll() == Pending);
        CHECK(second.poll() == Pending);
        CHECK_MESSAGE(first.kept_wakers() == 0, "the task that polled last waits now, so the timer needs its waker");
        clock.advance(1s);
        CHECK(second.is_woken());
        CHECK_FALSE(first.is_woken());
    }

    TEST_CASE("polled again by the same task it copies no waker") {
        rt::Sleep sleep = rt::sleep_until(rt::Instant::max());
        PausedClock clock;
        auto nap = spawn_mock("the nap", rt::by_ref(sleep));
        CHECK(nap.poll() == Pending);
        CHECK(nap.clones() == 1);
        CHECK(nap.poll() == Pending);
        CHECK(nap.poll() == Pending);
        CHECK_MESSAGE(clock.timers() == 1, "each poll set the timer again. Only the first one sets it.");
        CHECK_MESSAGE(nap.clones() == 1, "the timer has this task's waker already");
    }

    TEST_CASE("a waiting sleep that is reset wakes at the new moment") {
        PausedClock clock;
        auto nap = spawn_mock("the nap", rt::sleep(10s));
        CHECK(nap.poll() == Pending);
        step("reset it to 20 s");
        nap.future().reset(clock.now() + 20s);
        clock.advance(19s);
        CHECK(nap.wakes() == 0);
        step("reset it to 19.5 s");
        nap.future().reset(clock.now() + 500ms);
        clock.advance(500ms);
        CHECK(nap.wakes() == 1);
        CHECK(nap.poll() == Ready());
        CHECK(nap.polls() == 2);
        CHECK(nap.clones() == 1);
    }

    TEST_CASE("a sleep that is reset after it was ready sleeps again") {
        PausedClock clock;
        auto nap = spawn_mock("the nap", rt::sleep(10s));
        CHECK(nap.poll() == Pending);
        clock.advance(10s);
        CHECK(nap.poll() == Ready());
        step("reset it");
        nap.future().reset(clock.now() + 10s);
        CHECK(nap.poll() == Pending);
        clock.advance(10s);
        CHECK(nap.poll() == Ready());
    }

    TEST_CASE("a sleep that has fired unseen and is reset sleeps again") {
        PausedClock clock;
        auto nap = spawn_mock("the nap", rt::sleep(10s));
        CHECK(nap.poll() == Pending);
        clock.advance(10s);
        step("reset it before it is polled");
        nap.future().reset(clock.now() + 10s);
        CHECK(nap.poll() == Pending);
        clock.advance(10s);
        CHECK(nap.poll() == Ready());
        CHECK(nap.wakes() == 2);
    }

    TEST_CASE("a sleep that is reset before its first poll sleeps that long") {
        PausedClock clock;
        rt::Sleep sleep = rt::sleep(10s);
        sleep.reset(clock.now() + 1s);
        auto nap = spawn_mock("the nap", std::move(sleep));
        CHECK(nap.poll() == Pending);
        clock.advance(1s);
        CHECK(nap.poll() == Ready());
    }

    TEST_CASE("a loop of sleeps of no time lets others in") {
        bool was_let_in = false;
        auto body = [](bool* flag) -> Async<int> {
            auto sleeper = rt::spawn(sleep_for_no_time_until(flag));
            auto other = rt::spawn(let_in(flag));
            co_await other;
            co_return co_await sleeper;
        };
        step("one task sleeps for no time until another has run");
        int const sleeps = run_paused(body(&was_let_in));
        CHECK(sleeps > 0);
        CHECK(sleeps <= 1000);
        CHECK(was_let_in);
    }

    TEST_CASE("many tasks sleep and wake in order") {
        step("2,000 tasks sleep");
        run_paused(many_sleeps(2'000));
    }
}
