#include "first_poll.hpp"

#include <doctest/doctest.h>
#include <rt/then.hpp>
#include <support/counted_future.hpp>
#include <support/mock_task.hpp>
#include <support/more_polls.hpp>

#include <stdexcept>
#include <utility>

using namespace support;
using rt::Context;
using rt::Pending;
using rt::Poll;
using rt::Ready;

// Judges 04.1 too: what that does when the first future is ready.
TEST_SUITE("04.2 the second wait") {
    TEST_CASE("while the second is Pending it may be polled again") {
        auto tea = rt::then(rt::ready(3), [](int) { return rt::pending<int>(); });
        auto const answer = first_poll(tea, calls_itself);
        CHECK(answer == Pending);
        expect_more_polls(tea, "then");
    }

    TEST_CASE("the answer of the second is the answer") {
        auto tea = rt::then(rt::ready(3), [](int n) { return rt::ready(2 * n); });
        auto const answer = first_poll(
            tea,
            "the second future was ready, and `done` was met in the same poll: is a `return` missing, so that the switch "
            "ran on?");
        CHECK(answer == Ready(6));
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
        CHECK_MESSAGE(brew.polls() == 1,
                      "brew must be polled in this same poll: else nobody wakes it for the second state");

        CHECK(tea.poll() == Pending);
        CHECK_MESSAGE(boil.polls() == 3, "it goes on where it stood, and does not start again");
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

    TEST_CASE("two that are ready at once make one poll") {
        auto tea = spawn_mock("tea", rt::then(rt::ready(3), [](int n) { return rt::ready(2 * n); }));
        CHECK_MESSAGE(tea.poll() == Ready(6), "the second must be polled in the poll in which the first is ready");
        CHECK(tea.wakes() == 0);
        CHECK(tea.clones() == 0);
    }

    TEST_CASE("the first future is gone before the second is polled") {
        Remote<int> boil("boil");
        int drops_seen = -1;
        auto look = [&](int) {
            return rt::poll_fn([&](Context&) -> Poll<int> {
                drops_seen = boil.drops();
                return Ready(0);
            });
        };
        auto tea = spawn_mock("tea", rt::then(boil.future(), look));
        boil.finish(100);
        CHECK(tea.poll() == Ready(0));
        CHECK(drops_seen == 1);
    }

    TEST_CASE("the second future is gone when its value is given out") {
        Remote<int> brew("brew");
        auto tea = spawn_mock("tea", rt::then(rt::ready(100), [&](int) { return brew.future(); }));
        brew.finish(7);
        CHECK(tea.poll() == Ready(7));
        CHECK(brew.drops() == 1);
    }

    TEST_CASE("an error of the second future comes out") {
        Remote<int> brew("brew");
        auto tea = spawn_mock("tea", rt::then(rt::ready(100), [&](int) { return brew.future(); }));
        CHECK(tea.poll() == Pending);
        brew.fail(std::runtime_error("no leaves"));
        CHECK_THROWS_WITH((void)tea.poll(), "no leaves");
        tea.drop();
        CHECK(brew.drops() == 1);
    }

    TEST_CASE("an error of the function comes out") {
        auto refuse = [](int) -> rt::ReadyFuture<int> { throw std::runtime_error("no cup"); };
        auto tea = spawn_mock("tea", rt::then(rt::ready(100), refuse));
        CHECK_THROWS_WITH((void)tea.poll(), "no cup");
    }

    TEST_CASE("a function that cannot be copied is kept and called once") {
        auto pour = [cup = std::make_unique<int>(3)](int n) mutable {
            return rt::ready(n + *std::exchange(cup, nullptr));
        };
        auto tea = spawn_mock("tea", rt::then(rt::ready(4), std::move(pour)));
        CHECK(tea.poll() == Ready(7));
    }
}
