#include <doctest/doctest.h>
#include <rt/future.hpp>
#include <support/counting_waker.hpp>
#include <support/death.hpp>
#include <support/mock_task.hpp>
#include <support/more_polls.hpp>
#include <support/poll_once.hpp>

#include <utility>

using namespace support;
using rt::Context;
using rt::Pending;
using rt::Ready;
using rt::Waker;

// In a release build the contract takes no room.
static_assert(rt::checks_enabled ? sizeof(rt::Countdown) > sizeof(int) : sizeof(rt::Countdown) == sizeof(int));

TEST_SUITE("03.2 pending and Countdown") {
    TEST_CASE("pending is never Ready and never wakes") {
        auto task = spawn_mock("pending()", rt::pending<int>());
        CHECK(task.poll() == Pending);
        expect_more_polls(task.future(), "pending");
        CHECK(task.poll() == Pending);
        CHECK(task.poll() == Pending);
        CHECK(task.wakes() == 0);
    }

    TEST_CASE("pending keeps the waker") {
        auto task = spawn_mock("pending()", rt::pending());
        CHECK(task.poll() == Pending);
        CHECK_MESSAGE(
            task.kept_wakers() == 1,
            "pending kept no copy of the waker. Keep one, so that a runtime sees that the future waits on purpose.");
        expect_more_polls(task.future(), "pending");
        CHECK(task.poll() == Pending);
        CHECK(task.kept_wakers() == 1);
        task.drop();
        CHECK_MESSAGE(task.kept_wakers() == 0,
                      "the future was destroyed, but its copy of the waker was not. Keep the copy in a member.");
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
        expect_more_polls(future, "pending");
        step("poll with the second waker");
        Context second_cx(second);
        CHECK(future.poll(second_cx) == Pending);
        CHECK_MESSAGE(
            second_bell.alive() == 2,
            "the future was polled with a second waker and kept no copy of it. Replace the waker at each poll.");
        CHECK(first_bell.alive() == 1);  // The copy of the first waker was given back.
    }

    TEST_CASE("moving pending after its first poll is reported") {
        expect_violation("moved after its first poll", [] {
            auto future = rt::pending<int>();
            (void)poll_once(future);
            [[maybe_unused]] auto moved = std::move(future);
        });
    }

    TEST_CASE("a countdown of zero is Ready at once") {
        auto task = spawn_mock("Countdown(0)", rt::Countdown(0));
        CHECK(task.poll() == Ready());
        CHECK(task.wakes() == 0);
    }

    TEST_CASE("a countdown does nothing before it is polled") {
        step("make a Countdown(2)");
        rt::Countdown countdown(2);
        CHECK(countdown.left() == 2);
        auto task = spawn_mock("Countdown(2)", std::move(countdown));
        CHECK(task.future().left() == 2);
        CHECK(task.wakes() == 0);
        CHECK(task.poll() == Pending);
        CHECK(task.future().left() == 1);
    }

    TEST_CASE("a countdown wakes its waker each time it is Pending") {
        auto task = spawn_mock("Countdown(2)", rt::Countdown(2));
        CHECK(task.poll() == Pending);
        CHECK_MESSAGE(task.is_woken(),
                      "the countdown is Pending and woke nobody, so nobody polls it again. Wake the waker in `cx`.");
        CHECK(task.future().left() == 1);
        expect_more_polls(task.future(), "Countdown");
        CHECK(task.poll() == Pending);
        CHECK(task.is_woken());
        CHECK(task.future().left() == 0);
        CHECK(task.poll() == Ready());
        CHECK_FALSE(task.is_woken());
        CHECK(task.polls() == 3);
        CHECK(task.wakes() == 2);
    }

    TEST_CASE("a countdown may be moved before its first poll and after its last") {
        step("move a Countdown(1) twice");
        rt::Countdown first(1);
        rt::Countdown second = std::move(first);
        rt::Countdown third(7);
        third = std::move(second);
        step("poll it to its end");
        CHECK(poll_once(third) == Pending);
        expect_more_polls(third, "Countdown");
        CHECK(poll_once(third) == Ready());
        step("move it");
        rt::Countdown finished = std::move(third);
        CHECK(finished.left() == 0);
    }

    TEST_CASE("polling a finished countdown is reported") {
        expect_violation("Countdown: polled after Ready", [] {
            rt::Countdown future(1);
            (void)poll_once(future);
            (void)poll_once(future);
            (void)poll_once(future);
        });
    }

    TEST_CASE("moving a countdown between its polls is reported") {
        expect_violation("moved after its first poll", [] {
            rt::Countdown future(2);
            (void)poll_once(future);
            [[maybe_unused]] rt::Countdown moved = std::move(future);
        });
    }
}
