/// \file
/// 05.1: a thread that parks and threads that unpark it, in every order of what they do.
#include <support/explore/replace.hpp>
#define Park ExploredPark
#define ThreadPark ExploredThreadPark
#include <rt/park.hpp>
#undef Park
#undef ThreadPark
#include <support/explore/restore.hpp>

#include <doctest/doctest.h>
#include <rt/sync.hpp>
#include <support/explore/explorer.hpp>
#include <support/explore/sync.hpp>

#include <chrono>
#include <optional>

using rt::ExploredThreadPark;

namespace {

constexpr const char* too_early =
    "park returned before the unpark, although it had no deadline. It must go on sleeping.";

}  // namespace

TEST_SUITE("05.1 park and unpark") {
    TEST_CASE("in every order of a park and an unpark the thread wakes up and sees what came before") {
        explore::every_order([] {
            ExploredThreadPark park;
            explore::Cell<int> letter(0);
            explore::Thread other([&] {
                letter.set(1);
                park.unpark();
            });
            park.park(std::nullopt);
            explore::expect(letter.get() == 1, too_early);
            other.join();
        });
    }

    TEST_CASE("in every order of two parks and two unparks that follow each other no token is lost") {
        explore::every_order(
            [] {
                ExploredThreadPark here, there;
                explore::Thread other([&] {
                    here.unpark();
                    there.park(std::nullopt);
                    here.unpark();
                });
                here.park(std::nullopt);
                there.unpark();
                here.park(std::nullopt);
                other.join();
            },
            {.preemptions = 1, .surprises = 0});
    }

    TEST_CASE("in every order of a park with a deadline and an unpark the thread learns of the event") {
        explore::every_order([] {
            ExploredThreadPark park;
            explore::Atomic<bool> event{false};
            explore::Thread other([&] {
                event.store(true, rt::relaxed);
                park.unpark();
            });
            park.park(std::chrono::steady_clock::now());
            while (!event.load(rt::relaxed)) {
                park.park(std::nullopt);
            }
            other.join();
        });
    }
}
