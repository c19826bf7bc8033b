/// \file
/// 12.2: a signal in the middle of the sleep.
#include "interrupted_reactor.hpp"

#include <doctest/doctest.h>
#include <rt/readiness.hpp>
#include <rt/sys.hpp>
#include <support/ends.hpp>
#include <support/story.hpp>

#include <chrono>
#include <limits>
#include <string_view>
#include <system_error>

using namespace support;
using namespace std::chrono_literals;
using rt::Direction;

TEST_SUITE("12.2 epoll as a Park") {
    TEST_CASE("a signal does not hide what is ready") {
        rt::InterruptedReactor reactor;
        Ends pipe = make_pipe();
        rt::Registration registration = reactor.add(pipe.here.get());
        rt::ReadinessWord& word = registration.record().readiness;
        word.clear_refused(Direction::read, word.load());
        step("a signal ends the sleep, and its handler writes into the pipe");
        rt::interrupted_sys::handler = [&] { rt::sys::write(pipe.there.get(), std::string_view("x")); };
        try {
            reactor.park(rt::sys::now() + 1s);
        } catch (const std::system_error& error) {
            step("park threw: {}", error.what());
            FAIL(
                "a signal made the park throw. sys::epoll_wait answers -EINTR then, which is no error, and leaves errno alone.");
        }
        CHECK_MESSAGE(word.load().allows(Direction::read), "the park returned without a look after the signal");
    }

    TEST_CASE("a deadline in a month does not overflow") {
        rt::InterruptedReactor reactor;
        step("sleep for 30 days, which are more milliseconds than an int can count. A signal ends the sleep");
        rt::interrupted_sys::handler = [] {};
        reactor.park(rt::sys::now() + 30 * 24h);
        CHECK_MESSAGE(
            rt::interrupted_sys::interrupted_timeout == std::numeric_limits<int>::max(),
            "the timeout overflows, and a negative one means that there is no deadline. Cap it at the largest int.");
    }
}
