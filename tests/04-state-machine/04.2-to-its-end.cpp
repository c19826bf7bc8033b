#include "address.hpp"

#include <doctest/doctest.h>
#include <rt/then.hpp>
#include <support/counted_future.hpp>
#include <support/death.hpp>
#include <support/drop_counter.hpp>
#include <support/mock_task.hpp>
#include <support/poll_once.hpp>

#include <memory>
#include <utility>

using namespace support;
using rt::Context;
using rt::Pending;
using rt::Poll;
using rt::Ready;

namespace {

/// Always Ready. It has no Contract, so it may be polled once more.
struct Cup {
    using Output = int;
    Poll<int> poll(Context&) { return Ready(7); }
};
struct Pour {
    Cup operator()(int) const { return Cup(); }
};
using CupOfTea = rt::Then<rt::ReadyFuture<int>, Pour>;

/// Gives access to the private Contract of a CupOfTea. An explicit instantiation may name private members.
template <rt::Contract CupOfTea::* contract>
struct Lent {
    friend rt::Contract& contract_of(CupOfTea& tea) { return tea.*contract; }
};
rt::Contract& contract_of(CupOfTea& tea);
template struct Lent<&CupOfTea::contract_>;

}  // namespace

TEST_SUITE("04.2 the second wait") {
    TEST_CASE("the only copy of the waker is in the future that it waits for") {
        Remote<int> boil("boil");
        Remote<int> brew("brew");
        auto tea = spawn_mock("tea", rt::then(boil.future(), [&](int) { return brew.future(); }));
        CHECK(tea.poll() == Pending);
        CHECK(boil.keeps_waker());
        CHECK(tea.kept_wakers() == 1);
        boil.finish(100);
        CHECK(tea.poll() == Pending);
        CHECK_FALSE(boil.keeps_waker());
        CHECK(brew.keeps_waker());
        CHECK(tea.kept_wakers() == 1);
        CHECK(tea.wakes() == 1);
    }

    TEST_CASE("values that cannot be copied are moved") {
        auto pour = [](std::unique_ptr<int> cup) { return rt::ready(std::move(cup)); };
        auto tea = spawn_mock("tea", rt::then(rt::ready(std::make_unique<int>(3)), pour));
        Poll<std::unique_ptr<int>> answer = tea.poll();
        REQUIRE(answer.is_ready());
        CHECK(*answer.value() == 3);
    }

    TEST_CASE("dropping it while it waits for the second drops that and the function") {
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

    TEST_CASE("its futures are not moved after their first poll") {
        auto task = spawn_mock("then", rt::then(Address(), [](const void* first) {
                                   return rt::then(Address(), [first](const void* second) {
                                       return rt::ready(first != nullptr && second != nullptr);
                                   });
                               }));
        CHECK(task.poll() == Pending);
        CHECK(task.poll() == Pending);
        CHECK(task.poll() == Ready(true));
    }

    TEST_CASE("moving it while it waits for the second is reported") {
        expect_violation("moved after its first poll", [] {
            auto tea = rt::then(rt::ready(3), [](int) { return rt::pending<int>(); });
            (void)poll_once(tea);
            [[maybe_unused]] auto moved = std::move(tea);
        });
    }

    TEST_CASE("polling it after Ready is reported") {
        expect_violation(
            "then: polled after Ready",
            [] {
                auto tea = rt::then(rt::ready(3), [](int n) { return rt::ready(n); });
                (void)poll_once(tea);
                (void)poll_once(tea);
            },
            Noticed::in_every_build);
    }

    TEST_CASE("its own state says that it is done") {
        // A release build has no Contract that could report a poll after Ready. It has only the state.
        step("poll tea to its end, reset its Contract, and poll again");
        expect_violation(
            "then: polled after Ready",
            [] {
                CupOfTea tea = rt::then(rt::ready(3), Pour());
                (void)poll_once(tea);
                contract_of(tea) = rt::Contract();
                (void)poll_once(tea);
            },
            Noticed::in_every_build);
    }
}
