/// \file
/// 14.3: where a sleep ends: dropped, moved, without a runtime, or after it.
#include <doctest/doctest.h>
#include <rt/current_thread.hpp>
#include <rt/future.hpp>
#include <rt/scheduler.hpp>
#include <rt/time.hpp>
#include <rt/timers.hpp>
#include <support/death.hpp>
#include <support/mock_task.hpp>
#include <support/paused_clock.hpp>
#include <support/show.hpp>
#include <support/story.hpp>

#include <chrono>
#include <utility>
#include <vector>

using namespace support;
using namespace std::chrono_literals;
using rt::Pending;
using rt::Ready;

TEST_SUITE("14.3 sleep") {
    TEST_CASE("a dropped sleep takes its timer out and wakes nobody") {
        PausedClock clock;
        auto nap = spawn_mock("the nap", rt::sleep(1s));
        CHECK(nap.poll() == Pending);
        nap.drop();
        CHECK_MESSAGE(clock.timers() == 0, "a timer is left that points to the sleep that was dropped");
        CHECK(nap.kept_wakers() == 0);
        clock.advance(1h);
        CHECK(nap.wakes() == 0);
    }

    TEST_CASE("a sleep may be dropped outside of its runtime") {
        rt::CurrentThread runtime;
        auto nap = spawn_mock("the nap", rt::sleep(1h));
        {
            rt::EnterScheduler entered(runtime);
            CHECK(nap.poll() == Pending);
        }
        nap.drop();
        CHECK(runtime.service<rt::Timers>().size() == 0);
    }

    TEST_CASE("a sleep that waits asks the runtime that has its timer") {
        rt::CurrentThread runtime;
        rt::CurrentThread other;
        auto nap = spawn_mock("the nap", rt::sleep(1h));
        {
            rt::EnterScheduler entered(runtime);
            CHECK(nap.poll() == Pending);
        }
        rt::EnterScheduler entered(other);
        step("another runtime is current now");
        CHECK(nap.poll() == Pending);
        CHECK_MESSAGE(other.find_service<rt::Timers>() == nullptr,
                      "the current runtime was asked, but another one has the timer. Ask `timer_.timers()`.");
        nap.drop();
    }

    TEST_CASE("a sleep that outlives its runtime sleeps on in the next") {
        rt::Sleep sleep = rt::sleep(1h);  // on the real clock, outside of any runtime
        {
            PausedClock clock;
            auto nap = spawn_mock("the sleep", rt::by_ref(sleep));
            CHECK(nap.poll() == Pending);
            step("the runtime goes");
        }
        PausedClock clock;
        auto nap = spawn_mock("the sleep", rt::by_ref(sleep));
        CHECK(nap.poll() == Pending);
        clock.jump();
        CHECK(nap.poll() == Ready());
        CHECK(clock.now() == sleep.deadline());
    }

    TEST_CASE("a sleep that has fired is ready after its runtime has gone") {
        rt::Sleep sleep = rt::sleep(1h);
        {
            PausedClock clock;
            auto nap = spawn_mock("the sleep", rt::by_ref(sleep));
            CHECK(nap.poll() == Pending);
            clock.jump();
            CHECK(nap.is_woken());
            step("the runtime goes, and its timers go with it");
        }
        PausedClock clock;
        auto nap = spawn_mock("the sleep", rt::by_ref(sleep));
        CHECK_MESSAGE(nap.poll() == Ready(), "its timer has fired, whatever the clock of another runtime shows");
    }

    TEST_CASE("a sleep needs a runtime when it is polled") {
        expect_violation(
            "sleep: was used without a runtime",
            [] {
                auto nap = spawn_mock("the nap", rt::sleep(1s));
                (void)nap.poll();
            },
            Noticed::in_every_build);
    }

    TEST_CASE("a sleep is not polled after it was ready") {
        PausedClock clock;
        auto nap = spawn_mock("the nap", rt::sleep(0s));
        CHECK(nap.poll() == Ready());
        expect_violation("sleep: polled after Ready", [&] { (void)nap.poll(); });
    }

    TEST_CASE("a sleep that waits is not moved") {
        PausedClock clock;
        auto nap = spawn_mock("the nap", rt::sleep(1s));
        CHECK(nap.poll() == Pending);
        expect_violation("moved after its first poll", [&] { rt::Sleep elsewhere = std::move(nap.future()); });
    }

    TEST_CASE("a sleep may be moved before its first poll") {
        PausedClock clock;
        std::vector<rt::Sleep> sleeps;
        sleeps.push_back(rt::sleep(1s));
        sleeps.push_back(rt::sleep(2s));
        auto nap = spawn_mock("the nap", std::move(sleeps[0]));
        CHECK(nap.poll() == Pending);
        clock.advance(1s);
        CHECK(nap.poll() == Ready());
    }
}
