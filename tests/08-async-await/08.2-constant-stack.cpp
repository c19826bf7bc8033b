/// \file
/// 08.2: a loop that awaits needs no more stack in its last round than in its first.
#include <doctest/doctest.h>

#include <rt/async.hpp>
#include <rt/future.hpp>
#include <rt/yield_now.hpp>
#include <support/mock_task.hpp>
#include <support/story.hpp>

#include <algorithm>
#include <cstdint>

using namespace support;
using rt::Async, rt::Ready;

namespace {

/// The lowest and the highest place of the stack where `note` was called. It asks for the address of the stack frame,
/// because AddressSanitizer may keep a local elsewhere.
class StackExtent {
  public:
    [[gnu::noinline]] void note() {
        auto here = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
        low_ = std::min(low_, here);
        high_ = std::max(high_, here);
    }

    std::uintptr_t bytes() const { return high_ < low_ ? 0 : high_ - low_; }

  private:
    std::uintptr_t low_ = UINTPTR_MAX;
    std::uintptr_t high_ = 0;
};

/// The rounds of each loop. If each of them took a part of the stack, they would still fit, so that the case can say so.
constexpr int many = 2'000;

Async<int> await_ready_ones(int n, StackExtent* stack) {
    int total = 0;
    for (int i = 0; i < n; ++i) {
        total += co_await rt::ready(1);
        stack->note();
    }
    co_return total;
}

Async<int> one() { co_return 1; }

Async<int> await_ready_coroutines(int n, StackExtent* stack) {
    int total = 0;
    for (int i = 0; i < n; ++i) {
        total += co_await one();
        stack->note();
    }
    co_return total;
}

Async<int> await_pending_ones(int n, StackExtent* stack) {
    int total = 0;
    for (int i = 0; i < n; ++i) {
        co_await rt::yield_now();
        ++total;
        stack->note();
    }
    co_return total;
}

void expect_constant(const StackExtent& stack) {
    CHECK_MESSAGE(stack.bytes() <= 16 * 1024,
                  "each round of a loop took more of the stack. Don't resume a body inside of its own resume. If "
                  "`await_suspend` returns false, the body goes on by itself.");
}

}  // namespace

TEST_SUITE("08.2 co_await any future") {
    TEST_CASE("thousands of ready awaits use constant stack") {
        StackExtent stack;
        auto task = spawn_mock("the coroutine", await_ready_ones(many, &stack));
        CHECK(task.poll() == Ready(many));
        expect_constant(stack);
    }

    TEST_CASE("thousands of ready coroutines use constant stack") {
        StackExtent stack;
        auto task = spawn_mock("the coroutine", await_ready_coroutines(many, &stack));
        CHECK(task.poll() == Ready(many));
        expect_constant(stack);
    }

    TEST_CASE("thousands of pending awaits use constant stack") {
        StackExtent stack;
        auto task = spawn_mock("the coroutine", await_pending_ones(many, &stack));
        step("poll it {} times", many);
        int pending = 0;
        while (pending < many && task.poll_silently().is_pending()) {
            ++pending;
        }
        CHECK(pending == many);
        CHECK(task.poll() == Ready(many));
        CHECK(task.wakes() == many);
        expect_constant(stack);
    }
}
