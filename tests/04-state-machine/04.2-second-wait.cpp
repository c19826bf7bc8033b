#include "first_poll.hpp"

#include <doctest/doctest.h>
#include <rt/then.hpp>
#include <support/counted_future.hpp>
#include <support/mock_task.hpp>
#include <support/more_polls.hpp>

#include <memory>
#include <stdexcept>
#include <utility>

using namespace support;
using rt::Context;
using rt::Pending;
using rt::Poll;
using rt::Ready;

// Judges 04.1 too: what that does when the first future is Ready.
TEST_SUITE("04.2 the second wait") {
    TEST_CASE("while it waits for the second it may be polled again") {
        auto tea = spawn_mock("tea", rt::then(rt::ready(3), [](int) { return rt::pending<int>(); }));
        expect_first_poll(tea.future(), calls_itself);
        CHECK(tea.poll() == Pending);
        CHECK_MESSAGE(
            tea.kept_wakers() == 1,
            "the second future was not polled in the poll in which the first was Ready. Poll it at once, because it "
            "has no waker yet.");
        expect_more_polls(tea.future(), "then");
    }

    TEST_CASE("two futures that are Ready at once take one poll") {
        auto tea = spawn_mock("tea", rt::then(rt::ready(3), [](int n) { return rt::ready(2 * n); }));
        expect_first_poll(
            tea.future(),
            "the second future was Ready, but the switch ran on into `done`. Return the answer of the second future.");
        CHECK(tea.poll() == Ready(6));
        CHECK(tea.wakes() == 0);
        CHECK(tea.clones() == 0);
    }

    TEST_CASE("each future is polled in its own state only") {
        Remote<int> boil("boil");
        Remote<int> brew("brew");
        int calls = 0;
        int degrees = 0;
        auto start_brewing = [&](int n) {
            ++calls;
            degrees = n;
            return brew.future();
        };
        auto tea = spawn_mock("tea", rt::then(boil.future(), start_brewing));

        CHECK(tea.poll() == Pending);
        CHECK(boil.polls() == 1);
        CHECK(calls == 0);
        CHECK(tea.poll() == Pending);
        CHECK(boil.polls() == 2);
        CHECK(calls == 0);
        CHECK(brew.polls() == 0);

        boil.finish(100);
        CHECK(tea.is_woken());
        CHECK(tea.poll() == Pending);
        CHECK(boil.polls() == 3);
        CHECK(calls == 1);
        CHECK(degrees == 100);
        CHECK_MESSAGE(
            brew.polls() == 1,
            "brew was not polled in the poll in which boil was Ready. Poll it at once, because it has no waker "
            "yet.");

        CHECK(tea.poll() == Pending);
        CHECK_MESSAGE(boil.polls() == 3,
                      "boil was polled again after it was Ready. Go on in the state that you noted.");
        CHECK(calls == 1);
        CHECK(brew.polls() == 2);

        brew.finish(7);
        CHECK(tea.is_woken());
        CHECK(tea.poll() == Ready(7));
        CHECK(boil.polls() == 3);
        CHECK(brew.polls() == 3);
        CHECK(calls == 1);
        CHECK(tea.polls() == 5);
    }

    TEST_CASE("the first future is destroyed before the second is polled") {
        Remote<int> boil("boil");
        int drops_when_polled = -1;
        auto look = [&](int) {
            return rt::poll_fn([&](Context&) -> Poll<int> {
                drops_when_polled = boil.drops();
                return Ready(0);
            });
        };
        auto tea = spawn_mock("tea", rt::then(boil.future(), look));
        boil.finish(100);
        CHECK(tea.poll() == Ready(0));
        CHECK_MESSAGE(
            drops_when_polled == 1,
            "the first future still existed when the second was polled. Destroy it before, because it may hold a "
            "lock.");
    }

    TEST_CASE("the second future is destroyed when its value is returned") {
        Remote<int> brew("brew");
        auto tea = spawn_mock("tea", rt::then(rt::ready(100), [&](int) { return brew.future(); }));
        brew.finish(7);
        CHECK(tea.poll() == Ready(7));
        CHECK_MESSAGE(brew.drops() == 1, "the second future still exists after Ready. Destroy it before you return.");
    }

    TEST_CASE("an exception of the second future leaves the poll") {
        Remote<int> brew("brew");
        auto tea = spawn_mock("tea", rt::then(rt::ready(100), [&](int) { return brew.future(); }));
        CHECK(tea.poll() == Pending);
        brew.fail(std::runtime_error("no leaves"));
        CHECK_THROWS_WITH((void)tea.poll(), "no leaves");
        tea.drop();
        CHECK(brew.drops() == 1);
    }

    TEST_CASE("a function that cannot be copied is moved in and called once") {
        auto pour = [cup = std::make_unique<int>(3)](int n) mutable {
            return rt::ready(n + *std::exchange(cup, nullptr));
        };
        auto tea = spawn_mock("tea", rt::then(rt::ready(4), std::move(pour)));
        CHECK(tea.poll() == Ready(7));
    }
}
