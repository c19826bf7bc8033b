/// \file
/// 12.2: an unpark between two accesses of a park, whichever they are.
#include "stepped_reactor.hpp"

#include <doctest/doctest.h>
#include <rt/park.hpp>
#include <rt/sys.hpp>
#include <support/stepped_atomic.hpp>
#include <support/story.hpp>
#include <support/trace_log.hpp>

#include <chrono>

using namespace support;
using namespace std::chrono_literals;

TEST_SUITE("12.2 epoll as a Park") {
    TEST_CASE("an unpark at any moment of a park ends it or the next one") {
        int before_sleep = 0;
        int moments = 0;
        {
            TraceLog log;
            rt::SteppedReactor reactor;
            auto count = [&](int access, auto&) {
                before_sleep = log.count(rt::trace::Kind::park) == 0 ? access : before_sleep;
            };
            Steps::between(count, [&] { reactor.park(rt::sys::now() + 1ms); });
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
                "an unpark came just before the sleep and was lost. Say that you sleep and take the token in one "
                "step.");
        }
    }
}
