/// \file
/// 14.9: a hundred thousand sleeps.
#include <doctest/doctest.h>
#include <rt/future.hpp>
#include <rt/time.hpp>
#include <rt/waker.hpp>
#include <support/counting_waker.hpp>
#include <support/paused_clock.hpp>
#include <support/random.hpp>
#include <support/show.hpp>
#include <support/story.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <vector>

using namespace support;
using namespace std::chrono_literals;
using rt::Pending;
using rt::Ready;

TEST_SUITE("14.9 all together: many sleeps") {
    TEST_CASE("thousands of sleeps") {
        int const n = rounds_of(100'000);
        PausedClock clock;
        CountingWaker counter;
        rt::Waker waker = counter.waker();
        rt::Context cx(waker);
        std::vector<std::unique_ptr<rt::Sleep>> sleeps;
        step("{} sleeps of 1 to 100 s, in a mixed order", n);
        for (int i = 0; i < n; ++i) {
            auto const seconds = static_cast<int>(i * 7919L % n) / (n / 100) + 1;
            sleeps.push_back(std::make_unique<rt::Sleep>(rt::sleep(std::chrono::seconds(seconds))));
            REQUIRE(sleeps.back()->poll(cx) == Pending);
        }
        CHECK(clock.timers() == n);
        clock.advance(10s);
        CHECK(counter.wakes() == n / 10);
        step("drop every second sleep: half of those that have fired, half of those that have not");
        for (std::size_t i = 0; i < sleeps.size(); i += 2) {
            sleeps[i].reset();
        }
        int const left = static_cast<int>(clock.timers());
        clock.advance(90s);
        CHECK(counter.wakes() == n / 10 + left);
        CHECK(clock.timers() == 0);
        bool all_ready = true;
        for (auto& sleep : sleeps) {
            all_ready = all_ready && (sleep == nullptr || sleep->poll(cx) == Ready());
        }
        CHECK(all_ready);
        CHECK(counter.alive() == 1);
    }
}
