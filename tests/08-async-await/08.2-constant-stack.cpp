/// \file
/// 08.2: a loop that awaits needs no more stack in its millionth round than in its first.
#include <doctest/doctest.h>

#include <rt/async.hpp>
#include <rt/future.hpp>
#include <rt/yield_now.hpp>
#include <support/mock_task.hpp>
#include <support/random.hpp>
#include <support/story.hpp>

#include <algorithm>
#include <cstdint>

using namespace support;
using rt::Async, rt::Ready;

namespace {

/// How deep the stack was at most, and at least, where `note` was called. Asks for the frame's address, not a local's:
/// AddressSanitizer keeps those elsewhere.
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

/// More than a stack has room for, and for a learner's patience.
int many() { return rounds_of(1'000'000); }

Async<int> await_ready_ones(int n, StackExtent* stack) {
    int total = 0;
    for (int i = 0; i < n; ++i) {
        total += co_await rt::ready(1);
        stack->note();
        if (i % 10'000 == 0) {
            still_alive();
        }
    }
    co_return total;
}

Async<int> one() { co_return 1; }

Async<int> await_ready_coroutines(int n, StackExtent* stack) {
    int total = 0;
    for (int i = 0; i < n; ++i) {
        total += co_await one();
        stack->note();
        if (i % 10'000 == 0) {
            still_alive();
        }
    }
    co_return total;
}

Async<int> await_pending_ones(int n, StackExtent* stack) {
    int total = 0;
    for (int i = 0; i < n; ++i) {
        co_await rt::yield_now();
        ++total;
        stack->note();
        if (i % 10'000 == 0) {
            still_alive();
        }
    }
    co_return total;
}

constexpr std::uintptr_t constant_stack = 16 * 1024;

}  // namespace

TEST_SUITE("08.2 co_await any future") {
    TEST_CASE("ready awaits without end use constant stack") {
        StackExtent stack;
        auto task = spawn_mock("the coroutine", await_ready_ones(many(), &stack));
        CHECK(task.poll() == Ready(many()));
        CHECK(stack.bytes() <= constant_stack);
    }

    TEST_CASE("ready coroutines without end use constant stack") {
        StackExtent stack;
        auto task = spawn_mock("the coroutine", await_ready_coroutines(many(), &stack));
        CHECK(task.poll() == Ready(many()));
        CHECK(stack.bytes() <= constant_stack);
    }

    TEST_CASE("pending awaits without end use constant stack") {
        StackExtent stack;
        auto task = spawn_mock("the coroutine", await_pending_ones(many(), &stack));
        int const times = many();
        step("poll it {} times", times);
        int pending = 0;
        for (; pending < times; ++pending) {
            if (task.poll_silently().is_ready()) {
                break;
            }
        }
        CHECK(pending == times);
        CHECK(task.poll() == Ready(times));
        CHECK(task.wakes() == times);
        CHECK(stack.bytes() <= constant_stack);
    }
}
