/// \file
/// 12.2: an unpark between two accesses of a park, whichever they are.
#include "stepped_reactor.hpp"

#include <doctest/doctest.h>
#include <rt/park.hpp>
#include <rt/sync.hpp>
#include <rt/sys.hpp>
#include <support/stepped_atomic.hpp>
#include <support/story.hpp>
#include <support/test_thread.hpp>
#include <support/trace_log.hpp>

#include <chrono>
#include <optional>

using namespace support;
using namespace std::chrono_literals;

TEST_SUITE("12.2 epoll as a Park") {
    TEST_CASE("an unpark at any moment of a park ends it or the next one") {
        int before_sleep = 0;
        int moments = 0;
        {
            rt::SteppedReactor reactor;
            rt::Instant const deadline = rt::sys::now() + 20ms;
            auto count = [&](int access, auto&) { before_sleep = rt::sys::now() < deadline ? access : before_sleep; };
            Steps::between(count, [&] { reactor.park(deadline); });
            moments = Steps::accesses;
        }
        step("park, and another thread unparks at each possible moment");
        for (int at = 0; at <= moments; ++at) {
            rt::SteppedReactor reactor;
            rt::Instant const limit = rt::sys::now() + 1s;
            auto unpark = [&](int access, auto&) {
                if (access == at) {
                    reactor.unpark();
                }
            };
            Steps::between(unpark, [&] { reactor.park(at <= before_sleep ? limit : rt::sys::now() + 1ms); });
            if (at > before_sleep) {
                reactor.park(limit);
            }
            REQUIRE_MESSAGE(
                rt::sys::now() < limit,
                "an unpark came just before the sleep and was lost. Say that you sleep and take the token in one step, and stay parked until epoll_wait has returned.");
        }
    }

    TEST_CASE("a thread that goes to sleep at any moment of an unpark is woken") {
        step("unpark, and another thread parks at each possible moment");
        int moments = 0;
        for (int at = 0; at <= moments; ++at) {
            TraceLog log;
            rt::SteppedReactor reactor;
            rt::Atomic<bool> was_woken{false};
            rt::Atomic<bool> returned{false};
            std::optional<TestThread> sleeper;
            auto park = [&](int access, auto&) {
                if (access != at) {
                    return;
                }
                sleeper.emplace([&] {
                    rt::Instant const limit = rt::sys::now() + 1s;
                    reactor.park(limit);
                    was_woken.store(rt::sys::now() < limit);
                    returned.store(true);
                });
                while (log.count(rt::trace::Kind::park) == 0 && !returned.load()) {
                    rt::yield_thread();
                }
            };
            Steps::between(park, [&] { reactor.unpark(); });
            moments = Steps::accesses;
            sleeper->join();
            REQUIRE_MESSAGE(
                was_woken.load(),
                "a thread went to sleep in the middle of an unpark, and was not woken. Leave the token and look "
                "for a sleeper in one step.");
        }
    }

    TEST_CASE("an unpark during a look that does not wait writes nothing") {
        step("park without a wait, and another thread unparks at each possible moment");
        int moments = 0;
        for (int at = 0; at <= moments; ++at) {
            TraceLog log;
            rt::SteppedReactor reactor;
            auto unpark = [&](int access, auto&) {
                if (access == at) {
                    reactor.unpark();
                }
            };
            Steps::between(unpark, [&] { reactor.park(rt::no_wait); });
            moments = Steps::accesses;
            CHECK_MESSAGE(
                log.count(rt::trace::Kind::unpark) == 0,
                "an unpark wrote to the eventfd though this park does not wait. If the timeout is 0, don't say "
                "that you sleep.");
        }
    }
}
