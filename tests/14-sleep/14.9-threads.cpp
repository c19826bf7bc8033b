/// \file
/// 14.9: timers that other threads set and cancel, and sleeps that are destroyed while they fire.
#include <doctest/doctest.h>
#include <rt/current_thread.hpp>
#include <rt/scheduler.hpp>
#include <rt/sync.hpp>
#include <rt/sys.hpp>
#include <rt/time.hpp>
#include <rt/timer_heap.hpp>
#include <rt/timers.hpp>
#include <support/counting_waker.hpp>
#include <support/mock_task.hpp>
#include <support/random.hpp>
#include <support/story.hpp>
#include <support/test_thread.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>

using namespace support;
using namespace std::chrono_literals;

TEST_SUITE("14.9 all together: many threads") {
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
                        (void)timers.update(*timer, waker.waker());
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

    TEST_CASE("sleeps are destroyed on one thread while they fire on another") {
        rt::CurrentThread runtime;
        auto& timers = runtime.service<rt::Timers>();
        rt::Atomic<bool> done{false};
        TestThread runner([&] {
            while (!done.load(rt::acquire)) {
                runtime.park().park(std::nullopt);
            }
        });
        {
            rt::EnterScheduler entered(runtime);
            for (int round = 0; round < 3000; ++round) {
                auto task = std::make_unique<MockTask<rt::Sleep>>("the sleep",
                                                                  rt::sleep(std::chrono::microseconds(round % 40)));
                for (int polls = 0; polls < round % 7; ++polls) {
                    if (task->poll_silently().is_ready()) {
                        break;
                    }
                }
                task.reset();
                still_alive();
            }
        }
        done.store(true, rt::release);
        runtime.park().unpark();
        runner.join();
        CHECK(timers.size() == 0);
    }
}
