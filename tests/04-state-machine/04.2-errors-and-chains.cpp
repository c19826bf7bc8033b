#include <doctest/doctest.h>
#include <rt/then.hpp>
#include <support/counted_future.hpp>
#include <support/drop_counter.hpp>
#include <support/mock_task.hpp>

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

using namespace support;
using rt::Pending;
using rt::Poll;
using rt::Ready;

TEST_SUITE("04.2 errors and void and chains") {
    TEST_CASE("an error of the first future skips the second") {
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

    TEST_CASE("values that cannot be copied are handed over") {
        auto pour = [](std::unique_ptr<int> cup) { return rt::ready(std::move(cup)); };
        auto tea = spawn_mock("tea", rt::then(rt::ready(std::make_unique<int>(3)), pour));
        Poll<std::unique_ptr<int>> answer = tea.poll();
        REQUIRE(answer.is_ready());
        CHECK(*answer.value() == 3);
    }

    TEST_CASE("a function that cannot be copied is kept and called once") {
        auto pour = [cup = std::make_unique<int>(3)](int n) mutable {
            return rt::ready(n + *std::exchange(cup, nullptr));
        };
        auto tea = spawn_mock("tea", rt::then(rt::ready(4), std::move(pour)));
        CHECK(tea.poll() == Ready(7));
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

    TEST_CASE("dropped while it waits it drops what it waits for") {
        Remote<int> boil("boil");
        Remote<int> brew("brew");
        DropCounter counter;
        auto start_brewing = [&brew, token = counter.token()](int) { return brew.future(); };
        auto tea = spawn_mock("tea", rt::then(boil.future(), std::move(start_brewing)));

        CHECK(tea.poll() == Pending);
        boil.finish(100);
        CHECK(tea.poll() == Pending);
        tea.drop();
        CHECK(boil.drops() == 1);
        CHECK(brew.drops() == 1);
        CHECK(tea.kept_wakers() == 0);
        CHECK(counter.alive() == 0);
        CHECK(counter.copies() == 0);
    }
}
