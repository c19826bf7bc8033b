#include "address.hpp"
#include "first_poll.hpp"

#include <doctest/doctest.h>
#include <rt/then.hpp>
#include <support/counted_future.hpp>
#include <support/death.hpp>
#include <support/drop_counter.hpp>
#include <support/mock_task.hpp>
#include <support/more_polls.hpp>
#include <support/poll_once.hpp>

#include <stdexcept>
#include <utility>

using namespace support;
using rt::Context;
using rt::Pending;
using rt::Poll;
using rt::Ready;
using rt::Waker;

TEST_SUITE("04.1 the first wait") {
    TEST_CASE("while it waits for the first it may be polled again") {
        auto tea = spawn_mock("tea", rt::then(rt::pending<int>(), [](int n) { return rt::ready(n); }));
        expect_first_poll(tea.future(), calls_itself);
        CHECK(tea.poll() == Pending);
        expect_more_polls(tea.future(), "then");
    }

    TEST_CASE("nothing happens before its first poll") {
        Remote<int> boil("boil");
        int calls = 0;
        auto brew = [&calls](int) {
            ++calls;
            return rt::ready(1);
        };
        step("make then(boil, brew)");
        auto tea = spawn_mock("tea", rt::then(boil.future(), brew));
        CHECK(boil.polls() == 0);
        CHECK(calls == 0);
        CHECK(tea.poll() == Pending);
        CHECK(boil.polls() == 1);
        CHECK(calls == 0);
    }

    TEST_CASE("each poll polls the first future until that is Ready") {
        Remote<int> boil("boil");
        int calls = 0;
        auto brew = [&calls](int) {
            ++calls;
            return rt::ready(1);
        };
        auto tea = spawn_mock("tea", rt::then(boil.future(), brew));
        CHECK(tea.poll() == Pending);
        CHECK(tea.poll() == Pending);
        CHECK(tea.poll() == Pending);
        CHECK(boil.polls() == 3);
        CHECK(boil.keeps_waker());
        CHECK(tea.kept_wakers() == 1);
        CHECK(tea.wakes() == 0);
        CHECK(calls == 0);
    }

    TEST_CASE("an exception of the first future leaves the poll and skips the second") {
        Remote<int> boil("boil");
        int calls = 0;
        auto brew = [&calls](int) {
            ++calls;
            return rt::ready(1);
        };
        auto tea = spawn_mock("tea", rt::then(boil.future(), brew));
        boil.fail(std::runtime_error("the kettle burst"));
        CHECK_THROWS_WITH((void)tea.poll(), "the kettle burst");
        CHECK(calls == 0);
        CHECK(boil.polls() == 1);
        tea.drop();
        CHECK(boil.drops() == 1);
    }

    TEST_CASE("the first future is destroyed before the function is called") {
        Remote<int> boil("boil");
        int drops_seen = -1;
        auto refuse = [&](int) -> rt::ReadyFuture<int> {
            drops_seen = boil.drops();
            throw std::runtime_error("no cup");
        };
        auto tea = spawn_mock("tea", rt::then(boil.future(), refuse));
        boil.finish(100);
        CHECK_THROWS_WITH((void)tea.poll(), "no cup");
        CHECK_MESSAGE(
            drops_seen == 1,
            "the first future still existed when `f` was called. Destroy it before, because it may hold a lock.");
    }

    TEST_CASE("an exception of the function leaves the poll") {
        auto refuse = [](int) -> rt::ReadyFuture<int> { throw std::runtime_error("no cup"); };
        auto tea = spawn_mock("tea", rt::then(rt::ready(100), refuse));
        CHECK_THROWS_WITH((void)tea.poll(), "no cup");
    }

    TEST_CASE("dropping it while it waits for the first drops that and the function") {
        Remote<int> boil("boil");
        DropCounter counter;
        auto brew = [token = counter.token()](int) { return rt::ready(1); };
        auto tea = spawn_mock("tea", rt::then(boil.future(), std::move(brew)));
        CHECK(tea.poll() == Pending);
        tea.drop();
        CHECK(boil.drops() == 1);
        CHECK(tea.kept_wakers() == 0);
        CHECK(counter.alive() == 0);
        CHECK(counter.copies() == 0);
    }

    TEST_CASE("it may be moved before its first poll") {
        Remote<int> boil("boil");
        step("make then(boil, …), and move it");
        auto first = rt::then(boil.future(), [](int n) { return rt::ready(n + 1); });
        auto second = std::move(first);
        auto tea = spawn_mock("tea", std::move(second));
        CHECK(tea.poll() == Pending);
        CHECK(boil.polls() == 1);
    }

    TEST_CASE("moving it while it waits for the first is reported") {
        expect_violation("moved after its first poll", [] {
            auto tea = rt::then(rt::pending<int>(), [](int n) { return rt::ready(n); });
            (void)poll_once(tea);
            [[maybe_unused]] auto moved = std::move(tea);
        });
    }

    TEST_CASE("moving it is reported even if its own futures have no Contract") {
        expect_violation("moved after its first poll", [] {
            auto tea = rt::then(Address(), [](const void*) { return Address(); });
            (void)poll_once(tea);
            auto moved = std::move(tea);
            (void)poll_once(moved);  // Only a wrong answer comes to this line. Here is what goes wrong.
        });
    }

    TEST_CASE("polling it after an exception is reported") {
        expect_violation("then: polled after Ready", [] {
            auto burst = rt::poll_fn([](Context&) -> Poll<int> { throw std::runtime_error("the kettle burst"); });
            auto tea = rt::then(std::move(burst), [](int n) { return rt::ready(n); });
            try {
                (void)poll_once(tea);
            } catch (const std::runtime_error&) {}
            (void)poll_once(tea);
        });
    }
}
