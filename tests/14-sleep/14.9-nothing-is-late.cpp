/// \file
/// 14.9: a timer fires only after all that was ready when it was due has been reported.
#include <doctest/doctest.h>
#include <rt/current_thread.hpp>
#include <rt/park.hpp>
#include <rt/sys.hpp>
#include <rt/timer_heap.hpp>
#include <rt/timers.hpp>
#include <support/counting_waker.hpp>
#include <support/late_bytes.hpp>
#include <support/show.hpp>
#include <support/story.hpp>

#include <functional>
#include <optional>
#include <utility>

using namespace support;

TEST_SUITE("14.9 all together: what is ready is not late") {
    TEST_CASE("what is ready is not late") {
        for (int count : {1, 10, 62, 200, 2000}) {
            rt::CurrentThread runtime;
            LateBytes clients(count);
            for (int i = 0; i < count; ++i) {
                runtime.spawn(clients.serve(i)).detach();
            }
            while (clients.waiting.load() < count || runtime.base_park().has_more()) {
                runtime.turn();
            }
            clients.stand_still();
            while (!clients.all_have_ended()) {
                runtime.turn();
            }
            CHECK_MESSAGE(clients.late.load() == 0, "timers fired before the bytes that were there had been seen");
        }
    }

    TEST_CASE("a look that began before a timer was due does not fire it") {
        // Because bytes that came after the look began may be there, too.
        class BusyPark final : public rt::Park {
          public:
            void park(std::optional<rt::Instant>) override {
                if (auto const call = std::exchange(meanwhile, nullptr)) {
                    call();
                }
            }
            void unpark() noexcept override {}
            std::function<void()> meanwhile;
        } below;
        rt::Timer timer;
        rt::CurrentThread runtime(below);
        auto& timers = runtime.service<rt::Timers>();
        CountingWaker sleeper;
        below.meanwhile = [&] {
            rt::Instant const begin = rt::sys::now();
            while (rt::sys::now() == begin) {}
            step("after the look began, a timer is set and becomes due");
            timers.set(timer, rt::sys::now(), sleeper.waker());
        };
        runtime.park().park(std::nullopt);
        CHECK_MESSAGE(sleeper.wakes() == 0, "a timer that became due during the look fired without another look");
        runtime.park().park(std::nullopt);
        CHECK(sleeper.wakes() == 1);
    }
}
