#include <doctest/doctest.h>
#include <rt/then.hpp>
#include <support/counted_future.hpp>
#include <support/mock_task.hpp>

#include <string>

using namespace support;
using rt::Context;
using rt::Pending;
using rt::Poll;
using rt::Ready;

TEST_SUITE("04.9 all together: without values and in chains") {
    TEST_CASE("if the first yields nothing the function is called with nothing") {
        Remote<> boil("boil");
        int calls = 0;
        auto brew = [&calls] {
            ++calls;
            return rt::ready(7);
        };
        auto tea = spawn_mock("tea", rt::then(boil.future(), brew));
        CHECK(tea.poll() == Pending);
        CHECK(calls == 0);
        boil.finish();
        CHECK(tea.poll() == Ready(7));
        CHECK(calls == 1);
        CHECK(boil.polls() == 2);
    }

    TEST_CASE("neither the first nor the second yields anything") {
        Remote<> boil("boil");
        Remote<> brew("brew");
        auto tea = spawn_mock("tea", rt::then(boil.future(), [&] { return brew.future(); }));
        CHECK(tea.poll() == Pending);
        boil.finish();
        CHECK(tea.poll() == Pending);
        brew.finish();
        CHECK(tea.poll() == Ready());
        CHECK(tea.polls() == 3);
    }

    TEST_CASE("a first that yields nothing is destroyed before the second is made") {
        Remote<> boil("boil");
        int drops_when_made = -1;
        int drops_when_polled = -1;
        auto look = [&] {
            drops_when_made = boil.drops();
            return rt::poll_fn([&](Context&) -> Poll<void> {
                drops_when_polled = boil.drops();
                return Ready();
            });
        };
        auto tea = spawn_mock("tea", rt::then(boil.future(), look));
        boil.finish();
        CHECK(tea.poll() == Ready());
        CHECK(drops_when_polled == 1);
        CHECK(drops_when_made == 1);
    }

    TEST_CASE("the second future may yield nothing") {
        Remote<> brew("brew");
        auto tea = spawn_mock("tea", rt::then(rt::ready(100), [&](int) { return brew.future(); }));
        CHECK(tea.poll() == Pending);
        brew.finish();
        CHECK(tea.poll() == Ready());
    }

    TEST_CASE("a chain of three waits") {
        Remote<int> first("first");
        Remote<int> second("second");
        Remote<std::string> third("third");
        auto chain = spawn_mock("the chain", rt::then(rt::then(first.future(), [&](int) { return second.future(); }),
                                                      [&](int) { return third.future(); }));
        CHECK(chain.poll() == Pending);
        first.finish(1);
        CHECK(chain.poll() == Pending);
        second.finish(2);
        CHECK(chain.poll() == Pending);
        third.finish("three");
        CHECK(chain.poll() == Ready("three"));
        CHECK(first.polls() == 2);
        CHECK(second.polls() == 2);
        CHECK(third.polls() == 2);
        CHECK(chain.polls() == 4);
        CHECK(chain.wakes() == 3);
    }

    TEST_CASE("a chain of countdowns waits for all of them") {
        auto chain = spawn_mock("the chain", rt::then(rt::then(rt::Countdown(1), [] { return rt::Countdown(2); }),
                                                      [] { return rt::Countdown(0); }));
        CHECK(chain.poll() == Pending);
        CHECK(chain.poll() == Pending);
        CHECK(chain.poll() == Pending);
        CHECK(chain.poll() == Ready());
        CHECK(chain.wakes() == 3);
    }
}
