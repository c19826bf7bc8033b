/// \file
/// 12.2: an unpark between two accesses of a park, whichever they are.
#include "stepped_reactor.hpp"

#include <doctest/doctest.h>
#include <rt/park.hpp>
#include <rt/readiness.hpp>
#include <rt/sync.hpp>
#include <rt/sys.hpp>
#include <support/counting_waker.hpp>
#include <support/ends.hpp>
#include <support/stepped_atomic.hpp>
#include <support/story.hpp>
#include <support/test_thread.hpp>
#include <support/trace_log.hpp>

#include <chrono>
#include <optional>
#include <string_view>

using namespace support;
using namespace std::chrono_literals;
using rt::Direction;

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
                "an unpark came just before the sleep and was lost. Leave the token at each unpark. In park, say that you "
                "sleep and take the token in one step, and stay parked until epoll_wait has returned.");
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

    TEST_CASE("a task that begins to wait in the middle of an event is woken") {
        step(
            "bytes come. While the reactor looks, a task leaves its waker and looks at the word, at each possible moment");
        int moments = 0;
        for (int at = 0; at <= moments; ++at) {
            rt::SteppedReactor reactor;
            Ends pipe = make_pipe();
            rt::SteppedRegistration registration = reactor.add(pipe.here.get());
            rt::SteppedReadinessWord& word = registration.record().readiness;
            word.clear_refused(Direction::read, word.load());
            rt::sys::write(pipe.there.get(), std::string_view("tea"));
            CountingWaker reader;
            bool has_to_wait = false;
            auto wait = [&](int access, auto&) {
                if (access == at) {
                    registration.record().reader.register_waker(reader.waker());
                    has_to_wait = !word.load().allows(Direction::read);
                }
            };
            Steps::between(wait, [&] { reactor.park(rt::no_wait); });
            moments = Steps::accesses;
            REQUIRE_MESSAGE(
                (reader.wakes() == 1 || !has_to_wait),
                "the reactor looked for a waker before the event was in the word, so a task that came in between sleeps on. "
                "Set the word first, and look into the slot then.");
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
