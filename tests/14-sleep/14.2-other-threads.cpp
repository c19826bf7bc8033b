/// \file
/// 14.2: timers that other threads set and cancel, and timers without a runtime.
#include <doctest/doctest.h>
#include <rt/current_thread.hpp>
#include <rt/sync.hpp>
#include <rt/sys.hpp>
#include <rt/timers.hpp>
#include <support/counting_waker.hpp>
#include <support/paused_clock.hpp>
#include <support/random.hpp>
#include <support/story.hpp>
#include <support/test_thread.hpp>

#include <chrono>
#include <optional>

using namespace support;
using namespace std::chrono_literals;

TEST_SUITE("14.2 timers under the runtime") {
    TEST_CASE("timers outlive their runtime unharmed") {
        CountingWaker waker;
        rt::Timer timer;
        {
            PausedClock clock;
            clock.service().set(timer, clock.now() + 1s, waker.waker());
            step("the runtime goes");
        }
        CHECK(timer.is_idle());
        CHECK(waker.wakes() == 0);
        CHECK(waker.alive() == 0);
    }

    TEST_CASE("timers set and cancelled on other threads while they fire") {
        Random seeds(seed_of_this_run());
        rt::CurrentThread runtime;
        auto& timers = runtime.service<rt::Timers>();
        rt::Atomic<bool> done{false};
        CountingWaker waker;
        rt::Atomic<int> fired{0};
        TestThread runner([&] {
            while (!done.load(rt::acquire)) {
                runtime.park().park(std::nullopt);
            }
        });
        {
            auto meddle = [&](std::uint64_t seed) {
                Random random(seed);
                for (int round = 0; round < 3000; ++round) {
                    // Destroyed at the end of the round, perhaps while it fires.
                    auto timer = std::make_unique<rt::Timer>();
                    timers.set(*timer, rt::sys::now() + std::chrono::microseconds(random.below(60)), waker.waker());
                    int const spins = random.below(200);
                    for (int i = 0; i < spins && timer->is_waiting(); ++i) {
                        timers.update(*timer, waker.waker());
                    }
                    if (random.below(4) == 0) {
                        timers.cancel(*timer);
                        if (timer->is_idle()) {
                            timers.set(*timer, rt::sys::now(), waker.waker());
                        }
                    }
                    timers.cancel(*timer);
                    if (timer->has_fired()) {
                        fired.fetch_add(1, rt::relaxed);
                    }
                    still_alive();
                }
            };
            std::uint64_t const first = seeds.next();
            std::uint64_t const second = seeds.next();
            TestThread one([&] { meddle(first); });
            TestThread two([&] { meddle(second); });
        }
        done.store(true, rt::release);
        runtime.park().unpark();
        runner.join();
        step("all threads have met");
        CHECK(timers.size() == 0);
        CHECK(waker.wakes() == fired.load());
        CHECK(waker.alive() == 0);
    }
}
