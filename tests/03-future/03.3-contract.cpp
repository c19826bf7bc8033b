#include <doctest/doctest.h>
#include <rt/future.hpp>
#include <support/counting_waker.hpp>
#include <support/death.hpp>
#include <support/mock_task.hpp>

#include <optional>
#include <stdexcept>
#include <utility>

using namespace support;
using rt::Context;
using rt::Pending;
using rt::Poll;
using rt::Ready;
using rt::Waker;

namespace {

template <rt::Future F>
Poll<rt::OutputOf<F>> poll_once(F& future) {
    Waker const waker = Waker::noop();
    Context cx(waker);
    return future.poll(cx);
}

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

    TEST_CASE("moving before the first poll is fine and so is moving a finished one") {
        step("move a Countdown(1) twice");
        rt::Countdown first(1);
        rt::Countdown second = std::move(first);
        rt::Countdown third(7);
        third = std::move(second);
        step("poll it to its end");
        CHECK(poll_once(third) == Pending);
        CHECK(poll_once(third) == Ready());
        step("move what is left of it");
        rt::Countdown husk = std::move(third);
        CHECK(husk.left() == 0);
    }

    TEST_CASE("the newest waker counts") {
        CountingWaker first_bell;
        CountingWaker second_bell;
        Waker const first = first_bell.waker();
        Waker const second = second_bell.waker();
        auto future = rt::pending<int>();
        step("poll with the first waker");
        Context first_cx(first);
        CHECK(future.poll(first_cx) == Pending);
        CHECK(first_bell.alive() == 2);
        step("poll with the second waker");
        Context second_cx(second);
        CHECK(future.poll(second_cx) == Pending);
        CHECK(second_bell.alive() == 2);  // the one it keeps now
        CHECK(first_bell.alive() == 1);   // and the old one was given back
    }

    TEST_CASE("in a release build the contract costs nothing") {
        step("look at the size of a Countdown");
        if (rt::checks_enabled) {
            CHECK(sizeof(rt::Countdown) > sizeof(int));
        } else {
            CHECK(sizeof(rt::Countdown) == sizeof(int));
        }
    }
}
