#include "driven_park.hpp"
#include "sleepers.hpp"

#include <doctest/doctest.h>
#include <rt/trace.hpp>
#include <rt/violation.hpp>
#include <support/story.hpp>
#include <support/test_thread.hpp>
#include <support/trace_log.hpp>

#include <chrono>
#include <ctime>

using namespace support;
using rt::DrivenCondvar;
using rt::Instant;
using rt::ThreadPark;
using rt::trace::Kind;

namespace {

/// A deadline that has passed, but not `no_wait`: a park announces its sleep, and ends it at once.
constexpr Instant long_ago{};

std::chrono::nanoseconds cpu_time_of_this_thread() {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

}  // namespace

TEST_SUITE("05.1 park until unparked") {
    TEST_CASE("a wake before the sleep is not lost") {
        TraceLog log;
        ThreadPark park;
        step("unpark, although no thread sleeps");
        park.unpark();
        CHECK_MESSAGE(
            park.has_token(),
            "unpark left no token, so the next park sleeps through this wake. Leave the token in every state.");
        step("park: the token is there, so it returns at once");
        park.park(std::nullopt);
        CHECK_FALSE(park.has_token());
        CHECK_MESSAGE(log.count(Kind::unpark) == 0,
                      "unpark notified although no thread slept. Return early unless the state was `parked`.");
        CHECK(log.count(Kind::park) == 0);
    }

    TEST_CASE("a deadline that has passed ends the sleep") {
        static int waits;
        waits = 0;
        ThreadPark park;
        DrivenCondvar::instead_of_waiting = [] {
            if (++waits > 3) {
                rt::violation(
                    "park waits again although its deadline has passed. Leave the loop when wait_until returns "
                    "CondvarStatus::timeout.");
            }
        };
        step("park with a deadline that has passed");
        park.park(long_ago);
        DrivenCondvar::instead_of_waiting = nullptr;
        CHECK_FALSE(park.has_token());
    }

    TEST_CASE("a spurious wakeup does not end the sleep") {
        for (bool const has_deadline : {false, true}) {
            ThreadPark park;
            SpuriousWakeup::park = &park;
            SpuriousWakeup::waits = 0;
            DrivenCondvar::instead_of_waiting = &SpuriousWakeup::wait;
            step("park {}: the first wait ends for no reason, the second one by an unpark",
                 has_deadline ? "for an hour" : "without a deadline");
            rt::AfterAnAccess::accesses_left = 1000;
            if (has_deadline) {
                park.park(Instant::clock::now() + std::chrono::hours(1));
            } else {
                park.park(std::nullopt);
            }
            rt::AfterAnAccess::accesses_left = -1;
            DrivenCondvar::instead_of_waiting = nullptr;
            CHECK_MESSAGE(SpuriousWakeup::waits == 2,
                          "park returned without a token after a spurious wakeup. Wait in a loop while the state is "
                          "`parked`.");
            CHECK_FALSE(park.has_token());
        }
    }

    TEST_CASE("two unparks leave one token") {
        TraceLog log;
        ThreadPark park;
        log.call(&park, "the park");
        step("unpark twice");
        park.unpark();
        park.unpark();
        step("park: takes the token");
        park.park(std::nullopt);
        CHECK_FALSE(park.has_token());
        CHECK(log.count(Kind::park) == 0);
        step("park again with a deadline: there is no second token");
        park.park(soon());
        CHECK_MESSAGE(log.count(Kind::unpark) == 0,
                      "an unpark that found a token ended a sleep. No thread sleeps unless the state was `parked`.");
        CHECK(log.text() == "park the park with a deadline\n");
    }

    TEST_CASE("park with no_wait does not sleep") {
        TraceLog log;
        ThreadPark park;
        step("park(no_wait) without a token");
        park.park(rt::no_wait);
        CHECK(log.text() == "");
        step("unpark, then park(no_wait): takes the token");
        park.unpark();
        park.park(rt::no_wait);
        CHECK_FALSE(park.has_token());
        CHECK(log.text() == "");
    }

    TEST_CASE("a token that comes after the deadline stays for the next park") {
        TraceLog log;
        ThreadPark park;
        step("park until a deadline, and let it pass");
        park.park(soon());
        CHECK_FALSE(park.has_token());
        step("unpark: no thread sleeps any more");
        park.unpark();
        CHECK(park.has_token());
        CHECK_MESSAGE(
            log.count(Kind::unpark) == 0,
            "park timed out and left `parked` behind, so unpark notified although no thread slept. Leave `empty` "
            "behind, however the sleep ends.");
        step("park: the token is there");
        park.park(std::nullopt);
        CHECK(log.count(Kind::park) == 1);
    }

    TEST_CASE("a sleep until a deadline lasts that long and uses no CPU time") {
        TraceLog log;
        ThreadPark park;
        auto const length = std::chrono::milliseconds(60);
        step("park for 60 ms");
        auto const cpu_before = cpu_time_of_this_thread();
        Instant const deadline = std::chrono::steady_clock::now() + length;
        park.park(deadline);
        auto const cpu_used = cpu_time_of_this_thread() - cpu_before;
        CHECK(std::chrono::steady_clock::now() >= deadline);
        CHECK(log.count(Kind::park) == 1);
        CHECK(cpu_used < length / 20);
    }

    TEST_CASE("an unpark ends a sleep that has a deadline") {
        TraceLog log;
        ThreadPark park;
        TestThread sleeper([&] { park.park(Instant::clock::now() + std::chrono::hours(1)); });
        step("wait until the other thread sleeps");
        log.wait_for(Kind::park, 1);
        step("unpark it");
        park.unpark();
        step("wait until it is awake, an hour before its deadline");
        sleeper.join();
        CHECK(log.count(Kind::unpark) == 1);
    }
}
