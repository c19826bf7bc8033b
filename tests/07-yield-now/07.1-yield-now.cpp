/// \file
/// 07.1: yield_now is Pending once.
#include <doctest/doctest.h>
#include <rt/block_on.hpp>
#include <rt/future.hpp>
#include <rt/waker.hpp>
#include <rt/yield_now.hpp>
#include <support/death.hpp>
#include <support/mock_task.hpp>
#include <support/more_polls.hpp>
#include <support/story.hpp>
#include <support/trace_log.hpp>

#include <type_traits>
#include <utility>

using namespace support;
using rt::Pending, rt::Ready;

static_assert(rt::Future<rt::YieldNow>);
static_assert(std::is_void_v<rt::OutputOf<rt::YieldNow>>);

TEST_SUITE("07.1 yield_now") {
    TEST_CASE("it is Pending once and then Ready") {
        auto task = spawn_mock("yield_now", rt::yield_now());
        CHECK(task.poll() == Pending);
        expect_more_polls(task.future(), "yield_now");
        CHECK(task.poll() == Ready());
        CHECK(task.polls() == 2);
    }

    TEST_CASE("it wakes its task exactly once") {
        auto task = spawn_mock("yield_now", rt::yield_now());
        CHECK(task.wakes() == 0);
        CHECK(task.poll() == Pending);
        CHECK_MESSAGE(task.is_woken(),
                      "yield_now is Pending and woke nobody, so nobody polls it again. Wake the waker in `cx`.");
        CHECK(task.wakes() == 1);
        CHECK(task.poll() == Ready());
        CHECK(task.wakes() == 1);
    }

    TEST_CASE("the wake comes before the poll returns Pending") {
        // A waker that records whether the poll had returned when the wake came.
        static bool poll_has_returned = false;
        static bool returned_before_wake = false;
        static constexpr auto nothing = [](void*) noexcept {};
        static constexpr auto wake = [](void*) noexcept { returned_before_wake = poll_has_returned; };
        static constexpr rt::WakerVTable vtable{nothing, wake, wake, nothing};
        returned_before_wake = true;
        rt::Waker waker(nullptr, &vtable);
        rt::Context cx(waker);
        auto yield = rt::yield_now();
        step("poll yield_now");
        CHECK(yield.poll(cx) == Pending);
        poll_has_returned = true;
        CHECK_FALSE(returned_before_wake);
    }

    TEST_CASE("it keeps no waker because it has used it") {
        auto task = spawn_mock("yield_now", rt::yield_now());
        CHECK(task.poll() == Pending);
        CHECK(task.kept_wakers() == 0);
        CHECK(task.poll() == Ready());
        CHECK(task.kept_wakers() == 0);
    }

    TEST_CASE("the trace shows that it yields") {
        TraceLog log{TraceLog::Kind::yield};
        auto yield = rt::yield_now();
        log.call(&yield, "yield_now");
        auto task = spawn_mock("yield_now", rt::by_ref(yield));
        CHECK(task.poll() == Pending);
        CHECK(log.text() == "yield yield_now\n");
        CHECK(task.poll() == Ready());
        CHECK(log.count(TraceLog::Kind::yield) == 1);
    }

    TEST_CASE("a second owner that polls it gets Ready") {
        auto yield = rt::yield_now();
        auto first = spawn_mock("yield_now by its first owner", rt::by_ref(yield));
        auto second = spawn_mock("yield_now by its second owner", rt::by_ref(yield));
        CHECK(first.poll() == Pending);
        CHECK(second.poll() == Ready());
        CHECK(first.wakes() == 1);
        CHECK(second.wakes() == 0);
    }

    TEST_CASE("each yield_now yields once") {
        for (int n = 1; n <= 2; ++n) {
            step("the yield_now number {}", n);
            auto task = spawn_mock("yield_now", rt::yield_now());
            REQUIRE_MESSAGE(task.poll() == Pending,
                            "this yield_now was Ready in its first poll, because another one has yielded before. Each "
                            "YieldNow has its own `yielded_`.");
            CHECK(task.poll() == Ready());
        }
    }

    TEST_CASE("it may be moved until it is polled") {
        auto first = rt::yield_now();
        auto second = std::move(first);
        auto task = spawn_mock("yield_now", std::move(second));
        CHECK(task.poll() == Pending);
        CHECK(task.poll() == Ready());
    }

    TEST_CASE("it can be destroyed while it is Pending") {
        auto task = spawn_mock("yield_now", rt::yield_now());
        CHECK(task.poll() == Pending);
        task.drop();
        CHECK(task.kept_wakers() == 0);
        CHECK(task.wakes() == 1);
    }

    TEST_CASE("block_on returns at once") {
        step("block_on(yield_now())");
        rt::block_on(rt::yield_now());
        CHECK(true);
    }

    TEST_CASE("polled after Ready is caught") {
        auto task = spawn_mock("yield_now", rt::yield_now());
        CHECK(task.poll() == Pending);
        CHECK(task.poll() == Ready());
        expect_violation("yield_now: polled after Ready", [&] { (void)task.poll(); });
    }

    TEST_CASE("moved after its first poll is caught") {
        auto yield = rt::yield_now();
        auto task = spawn_mock("yield_now", rt::by_ref(yield));
        CHECK(task.poll() == Pending);
        expect_violation("moved after its first poll", [&] { [[maybe_unused]] auto elsewhere = std::move(yield); });
    }
}
