#include <doctest/doctest.h>
#include <rt/then.hpp>
#include <support/counted_future.hpp>
#include <support/mock_task.hpp>

using namespace support;
using rt::Context;
using rt::Pending;
using rt::Poll;
using rt::Ready;

TEST_SUITE("04.3 nothing to hand over") {
    TEST_CASE("the function is called with nothing and once") {
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

    TEST_CASE("void first and void second") {
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

    TEST_CASE("the first future is gone before the second is polled here too") {
        Remote<> boil("boil");
        int drops_seen = -1;
        auto look = [&] {
            return rt::poll_fn([&](Context&) -> Poll<void> {
                drops_seen = boil.drops();
                return Ready();
            });
        };
        auto tea = spawn_mock("tea", rt::then(boil.future(), look));
        boil.finish();
        CHECK(tea.poll() == Ready());
        CHECK(drops_seen == 1);
    }

    TEST_CASE("a chain of countdowns counts them all") {
        auto chain = spawn_mock("the chain", rt::then(rt::then(rt::Countdown(1), [] { return rt::Countdown(2); }),
                                                      [] { return rt::Countdown(0); }));
        CHECK(chain.poll() == Pending);
        CHECK(chain.poll() == Pending);
        CHECK(chain.poll() == Pending);
        CHECK(chain.poll() == Ready());
        CHECK(chain.wakes() == 3);
    }
}
