#include <doctest/doctest.h>
#include <rt/then.hpp>
#include <support/counted_future.hpp>
#include <support/death.hpp>
#include <support/mock_task.hpp>

#include <stdexcept>
#include <utility>

using namespace support;
using rt::Context;
using rt::Pending;
using rt::Poll;
using rt::Ready;
using rt::Waker;

namespace {

/// Remembers where it lay when it was polled.
class Address {
  public:
    using Output = const void*;

    Poll<const void*> poll(Context& cx) {
        if (first_seen_ == nullptr) {
            first_seen_ = this;
            cx.waker().wake_by_ref();
            return Pending;
        }
        return Ready(static_cast<const void*>(first_seen_ == this ? this : nullptr));
    }

  private:
    const Address* first_seen_ = nullptr;
};

template <rt::Future F>
Poll<rt::OutputOf<F>> poll_once(F& future) {
    Waker const waker = Waker::noop();
    Context cx(waker);
    return future.poll(cx);
}

}  // namespace

TEST_SUITE("04.3 a polled future must not move") {
    TEST_CASE("it may be moved before its first poll") {
        Remote<int> boil("boil");
        step("make then(boil, …), move it");
        auto first = rt::then(boil.future(), [](int n) { return rt::ready(n + 1); });
        auto second = std::move(first);
        auto tea = spawn_mock("tea", std::move(second));
        boil.finish(1);
        CHECK(tea.poll() == Ready(2));
    }

    TEST_CASE("its futures lie still from their first poll") {
        auto task = spawn_mock("then", rt::then(Address(), [](const void* first) {
                                   return rt::then(Address(), [first](const void* second) {
                                       return rt::ready(first != nullptr && second != nullptr);
                                   });
                               }));
        CHECK(task.poll() == Pending);
        CHECK(task.poll() == Pending);
        CHECK(task.poll() == Ready(true));
    }

    TEST_CASE("moved while it waits for the first") {
        expect_violation("moved after its first poll", [] {
            auto tea = rt::then(rt::pending<int>(), [](int n) { return rt::ready(n); });
            (void)poll_once(tea);
            [[maybe_unused]] auto moved = std::move(tea);
        });
    }

    TEST_CASE("moved while it waits for the second") {
        expect_violation("moved after its first poll", [] {
            auto tea = rt::then(rt::ready(3), [](int) { return rt::pending<int>(); });
            (void)poll_once(tea);
            [[maybe_unused]] auto moved = std::move(tea);
        });
    }

    TEST_CASE("moved though its own futures have no contract") {
        expect_violation("moved after its first poll", [] {
            auto tea = rt::then(Address(), [](const void*) { return Address(); });
            (void)poll_once(tea);
            [[maybe_unused]] auto moved = std::move(tea);
        });
    }

    TEST_CASE("polled after Ready") {
        expect_violation(
            "then: polled after Ready",
            [] {
                auto tea = rt::then(rt::ready(3), [](int n) { return rt::ready(n); });
                (void)poll_once(tea);
                (void)poll_once(tea);
            },
            Noticed::in_every_build);
    }

    TEST_CASE("polled after an error") {
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
