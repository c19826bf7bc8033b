/// \file
/// 10.9: a waker of main that another thread uses up at any moment.
#include <doctest/doctest.h>
#include <rt/current_thread.hpp>
#include <rt/future.hpp>
#include <rt/sync.hpp>
#include <rt/waker.hpp>
#include <support/random.hpp>
#include <support/sanitizers.hpp>
#include <support/story.hpp>
#include <support/test_thread.hpp>

#include <utility>

using namespace support;
using rt::Pending;
using rt::Ready;

TEST_SUITE("10.9 all together: services and main's waker") {
    TEST_CASE("a main whose only waker is being used on another thread is not called lost") {
        int const rounds = rounds_of(under_tsan ? 5'000 : 20'000);
        Random random(seed_of_this_run());
        step("{} rounds: main hands its waker to another thread, and returns Pending", rounds);
        rt::Waker handed_over;
        rt::Atomic<int> begun{0};
        TestThread other([&, spins = Random(seed_of_this_run() + 1)]() mutable {
            for (int round = 1; round <= rounds; ++round) {
                spin_until([&] { return begun.load(rt::acquire) == round; });
                dawdle(spins.below(100));
                std::move(handed_over).wake();
            }
        });
        rt::CurrentThread runtime;
        runtime.block_on(rt::poll_fn([&, round = 0](rt::Context& cx) mutable -> rt::Poll<void> {
            if (round == rounds) {
                return Ready();
            }
            handed_over = cx.waker();
            begun.store(++round, rt::release);
            dawdle(random.below(100));
            return Pending;
        }));
        other.join();
    }
}
