#include <doctest/doctest.h>
#include <rt/future.hpp>
#include <support/death.hpp>
#include <support/poll_once.hpp>

#include <stdexcept>
#include <utility>

using namespace support;
using rt::Context;
using rt::Pending;
using rt::Poll;
using rt::Ready;
using rt::Waker;

namespace {

// In a release build the contract costs nothing.
static_assert(rt::checks_enabled ? sizeof(rt::Countdown) > sizeof(int) : sizeof(rt::Countdown) == sizeof(int));

}  // namespace

TEST_SUITE("03.3 the contract") {
    TEST_CASE("polled after Ready") {
        expect_violation("ready: polled after Ready", [] {
            auto future = rt::ready(3);
            (void)poll_once(future);
            (void)poll_once(future);
        });
        expect_violation("ready: polled after Ready", [] {
            auto future = rt::ready();
            (void)poll_once(future);
            (void)poll_once(future);
        });
        expect_violation("Countdown: polled after Ready", [] {
            rt::Countdown future(1);
            (void)poll_once(future);
            (void)poll_once(future);
            (void)poll_once(future);
        });
        expect_violation("poll_fn: polled after Ready", [] {
            auto future = rt::poll_fn([](Context&) -> Poll<int> { return Ready(3); });
            (void)poll_once(future);
            (void)poll_once(future);
        });
    }

    TEST_CASE("an exception ends a future too") {
        expect_violation("poll_fn: polled after Ready", [] {
            auto future = rt::poll_fn([](Context&) -> Poll<int> { throw std::runtime_error("the kettle burst"); });
            try {
                (void)poll_once(future);
            } catch (const std::runtime_error&) {}
            (void)poll_once(future);
        });
    }

    TEST_CASE("moved after its first poll") {
        expect_violation("moved after its first poll", [] {
            rt::Countdown future(2);
            (void)poll_once(future);
            [[maybe_unused]] rt::Countdown moved = std::move(future);
        });
        expect_violation("moved after its first poll", [] {
            auto future = rt::pending<int>();
            (void)poll_once(future);
            [[maybe_unused]] auto moved = std::move(future);
        });
        expect_violation("moved after its first poll", [] {
            auto future = rt::poll_fn([](Context&) -> Poll<int> { return Pending; });
            (void)poll_once(future);
            [[maybe_unused]] auto moved = std::move(future);
        });
    }

    TEST_CASE("assigned to after its first poll") {
        expect_violation("assigned to after its first poll", [] {
            rt::Countdown future(2);
            (void)poll_once(future);
            future = rt::Countdown(3);
        });
    }

    TEST_CASE("polled after it was moved away") {
        expect_violation("Countdown: polled after it was moved away", [] {
            rt::Countdown future(2);
            [[maybe_unused]] rt::Countdown moved = std::move(future);
            (void)poll_once(future);  // NOLINT: the mistake
        });
    }
}
