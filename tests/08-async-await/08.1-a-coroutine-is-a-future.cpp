/// \file
/// 08.1: a coroutine as a future. None of these bodies waits.
#include <doctest/doctest.h>

#include <rt/async.hpp>
#include <rt/block_on.hpp>
#include <rt/future.hpp>
#include <support/counted_new.hpp>
#include <support/death.hpp>
#include <support/drop_counter.hpp>
#include <support/mock_task.hpp>
#include <support/poll_once.hpp>
#include <support/story.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

using namespace support;
using rt::Async, rt::Ready;

static_assert(rt::Future<Async<int>>);
static_assert(rt::Future<Async<>>);
static_assert(std::is_same_v<rt::OutputOf<Async<int>>, int>);
static_assert(std::is_same_v<Async<>, Async<void>>);
static_assert(std::is_nothrow_move_constructible_v<Async<int>> && !std::is_copy_constructible_v<Async<int>>);
static_assert(rt::checks_enabled || sizeof(Async<int>) == sizeof(void*), "an Async is a pointer to its frame");

namespace {

Async<int> three() { co_return 3; }

Async<> note(std::vector<std::string>* notes, std::string text) {
    notes->push_back(std::move(text));
    co_return;
}

Async<std::unique_ptr<int>> boxed(int n) { co_return std::make_unique<int>(n); }

Async<std::unique_ptr<int>> boxed_local(int n) {
    auto box = std::make_unique<int>(n);
    *box += 1;
    co_return box;
}

Async<std::string> text() { co_return "tea"; }

Async<std::vector<int>> list() { co_return {1, 2, 3}; }

Async<int*> where(std::vector<int>* numbers) { co_return &numbers->front(); }

Async<std::reference_wrapper<int>> which(std::vector<int>* numbers) { co_return numbers->front(); }

Async<int> keeps(DropCounter::Token, int n) { co_return n; }

Async<DropCounter::Token> hands_over(DropCounter::Token token) { co_return token; }

Async<int> local_until_the_end(DropCounter drops) {
    auto token = drops.token();
    co_return 3;
}

/// Destroys an Async that somebody else owns.
Async<> destroys_at_once(std::optional<Async<>>* victim) {
    victim->reset();
    co_return;
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wreturn-type"
Async<int> forgets_its_value(bool forgets) {
    if (!forgets) {
        co_return 3;
    }
}
#pragma GCC diagnostic pop

}  // namespace

TEST_SUITE("08.1 a coroutine is a future") {
    // First, because other cases would use memory that is freed.
    TEST_CASE("a moved-from Async destroys nothing") {
        DropCounter drops;
        Async<int>* second = nullptr;
        {
            auto first = keeps(drops.token(), 3);
            second = new Async<int>(std::move(first));
            step("move it and destroy what is left behind");
        }
        // The second Async stays on the heap if this fails, because destroying a frame twice would hide the failure.
        REQUIRE_MESSAGE(
            drops.drops() == 0,
            "two Asyncs own one frame, because a handle that is moved from keeps its address. Take it out with "
            "std::exchange.");
        step("destroy it");
        delete second;
        CHECK_MESSAGE(drops.drops() == 1,
                      "the Async that took the frame does not have it. `release` returns the handle that was there "
                      "before, and leaves null behind.");
    }

    TEST_CASE("nothing of the body runs before the first poll") {
        std::vector<std::string> notes;
        step("call a coroutine that takes a note");
        auto task = spawn_mock("the coroutine", note(&notes, "boil"));
        REQUIRE_MESSAGE(notes.empty(),
                        "the body ran when the coroutine was called. It has to wait for its first poll, because no "
                        "waker exists before.");
        CHECK_MESSAGE(
            task.poll() == Ready(),
            "the body waits for nothing, so its first poll ends it. `run` returns true when the body is done.");
        CHECK(notes == std::vector<std::string>{"boil"});
        CHECK(task.wakes() == 0);
    }

    TEST_CASE("a coroutine that is never polled never runs but its frame is destroyed") {
        std::vector<std::string> notes;
        DropCounter drops;
        {
            step("call two coroutines and poll neither");
            auto first = note(&notes, "boil");
            auto second = keeps(drops.token(), 3);
            CHECK(drops.alive() == 1);
        }
        CHECK(notes.empty());
        CHECK_MESSAGE(drops.alive() == 0,
                      "the Async is gone, but its frame is not. Nobody else destroys it, so the Async must.");
        CHECK(drops.drops() == 1);
    }

    TEST_CASE("a coroutine that is destroyed before its first poll has no locals") {
        DropCounter drops;
        auto task = spawn_mock("the coroutine", local_until_the_end(drops));
        task.drop();
        CHECK(drops.drops() == 0);
    }

    TEST_CASE("the first poll is Ready if the body waits for nothing") {
        auto task = spawn_mock("the coroutine", three());
        CHECK(task.poll() == Ready(3));
        CHECK(task.wakes() == 0);
        CHECK(task.clones() == 0);
    }

    TEST_CASE("a value that can only be moved") {
        auto task = spawn_mock("the coroutine", boxed(3));
        auto result = task.poll();
        REQUIRE(result.is_ready());
        CHECK(*std::move(result).value() == 3);
    }

    TEST_CASE("a local variable is moved out") {
        auto task = spawn_mock("the coroutine", boxed_local(3));
        auto result = task.poll();
        REQUIRE(result.is_ready());
        CHECK(*std::move(result).value() == 4);
    }

    TEST_CASE("co_return converts as return does") {
        CHECK(spawn_mock("the coroutine", text()).poll() == Ready(std::string("tea")));
        CHECK(spawn_mock("the coroutine", list()).poll() == Ready(std::vector{1, 2, 3}));
    }

    TEST_CASE("a reference is returned as a pointer or a reference_wrapper") {
        std::vector<int> numbers{1, 2};
        auto pointer = spawn_mock("the pointer", where(&numbers)).poll();
        REQUIRE(pointer.is_ready());
        CHECK(pointer.value() == numbers.data());
        auto wrapper = spawn_mock("the wrapper", which(&numbers)).poll();
        REQUIRE(wrapper.is_ready());
        wrapper.value().get() = 7;
        CHECK(numbers.front() == 7);
    }

    TEST_CASE("a parameter lives in the frame until the frame is destroyed") {
        DropCounter drops;
        std::optional<Async<int>> future;
        step("call a coroutine with a token");
        future.emplace(keeps(drops.token(), 3));
        CHECK(drops.alive() == 1);
        {
            auto task = spawn_mock("the coroutine", rt::by_ref(*future));
            CHECK(task.poll() == Ready(3));
        }
        CHECK_MESSAGE(drops.alive() == 1,
                      "the frame is gone, but its Async is not. Keep the frame until the Async is destroyed.");
        step("destroy it");
        future.reset();
        CHECK_MESSAGE(drops.alive() == 0,
                      "the Async is gone, but its frame is not. A body that has ended leaves the frame to the Async.");
        CHECK(drops.copies() == 0);
    }

    TEST_CASE("a local is destroyed when the body ends") {
        DropCounter drops;
        auto task = spawn_mock("the coroutine", local_until_the_end(drops));
        CHECK(task.poll() == Ready(3));
        CHECK(drops.drops() == 1);
        CHECK(drops.alive() == 0);
    }

    TEST_CASE("the value is moved and never copied") {
        DropCounter drops;
        {
            auto task = spawn_mock("the coroutine", hands_over(drops.token()));
            CHECK(task.poll().is_ready());
        }
        CHECK_MESSAGE(drops.copies() == 0, "the value was copied on its way from the body to the poll. Move it.");
        CHECK(drops.alive() == 0);
    }

    TEST_CASE("it may be moved until it is polled") {
        std::vector<Async<int>> many;
        DropCounter drops;
        for (int n = 0; n < 20; ++n) {
            many.push_back(keeps(drops.token(), n));  // the vector grows, and moves them
        }
        CHECK(drops.alive() == 20);
        auto task = spawn_mock("number 7", std::move(many[7]));
        CHECK(task.poll() == Ready(7));
        many.clear();
        CHECK(drops.alive() == 1);
        task.drop();
        CHECK(drops.drops() == 20);
    }

    TEST_CASE("assignment destroys the frame that was there") {
        DropCounter first;
        DropCounter drops;
        auto future = keeps(first.token(), 3);
        step("assign another");
        future = keeps(drops.token(), 4);
        REQUIRE_MESSAGE(drops.drops() == 0,
                        "the frame that the assignment took is destroyed already. Destroy the old frame first, then "
                        "take the other's with `release`, which leaves null behind.");
        CHECK_MESSAGE(first.drops() == 1,
                      "an assignment destroys one frame, the one that was there first. Destroy that, and no other.");
        step("assign another that has a name");
        auto other = keeps(drops.token(), 5);
        future = std::move(other);
        CHECK_MESSAGE(drops.drops() == 1,
                      "the old frame is still there, in the Async that was moved from. Destroy it at the assignment.");
        step("assign it to itself");
        auto& itself = future;
        future = std::move(itself);
        REQUIRE_MESSAGE(
            drops.drops() == 1,
            "an Async that was assigned to itself destroyed its only frame. Look whether `other` is this object.");
        CHECK(spawn_mock("the Async that was assigned to itself", std::move(future)).poll() == Ready(5));
        CHECK(drops.drops() == 2);
    }

    TEST_CASE("one Async is one allocation") {
        long const before = allocations();
        {
            auto future = three();
            rt::Waker waker = rt::Waker::noop();
            rt::Context cx(waker);
            (void)future.poll(cx);
        }
        long const one = allocations() - before;
        CHECK(one <= 1);
#if !defined(__clang__) || !defined(__OPTIMIZE__)  // clang may put a frame that never leaves its caller on the stack
        if (RT_UNDER_ASAN != 0) {                  // otherwise it may be a recycled block
            CHECK(one == 1);
        }
#endif
    }

    TEST_CASE("block_on runs it") {
        step("block_on a coroutine");
        CHECK(rt::block_on(three()) == 3);
    }

    TEST_CASE("polled after Ready is caught") {
        auto task = spawn_mock("the coroutine", three());
        CHECK(task.poll() == Ready(3));
        expect_violation("Async: polled after Ready", [&] { (void)task.poll(); });
    }

    TEST_CASE("a poll of an Async that was moved away is caught") {
        auto first = three();
        auto second = std::move(first);
        auto task = spawn_mock("what is left behind", rt::by_ref(first));
        expect_violation("polled after it was moved away", [&] { (void)task.poll(); });
        CHECK(spawn_mock("the coroutine", std::move(second)).poll() == Ready(3));
    }

    TEST_CASE("a body that ends without its value is caught") {
        CHECK(spawn_mock("the coroutine", forgets_its_value(false)).poll() == Ready(3));
        expect_violation("ended without one", [] { rt::block_on(forgets_its_value(true)); });
    }

    TEST_CASE("a body that destroys its own Async is caught") {
        expect_violation("destroyed by its own poll", [] {
            std::optional<Async<>> root;
            root.emplace(destroys_at_once(&root));
            (void)poll_once(*root);
        });
    }
}
