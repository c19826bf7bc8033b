/// \file
/// 16.2: which worker sleeps, which one searches, and which one is woken.
#include <doctest/doctest.h>
#include <rt/idle.hpp>
#include <support/story.hpp>

#include <optional>

using namespace support;
using rt::Idle;

namespace {

constexpr char look_again[] =
    "work came while one worker searched, so the thread that made it woke no other worker. If the last searcher stops, it "
    "must return true, because then its caller looks into all queues once more.";

}  // namespace

TEST_SUITE("16.2 idle workers") {
    TEST_CASE("all are awake at first and none need be woken") {
        Idle idle(3);
        CHECK(idle.awake_count() == 3);
        CHECK(idle.choose_sleeper() == std::nullopt);
        step("worker 2 falls asleep");
        CHECK_FALSE(idle.fall_asleep(2, false));
        CHECK_MESSAGE(idle.awake_count() == 2,
                      "a worker that sleeps is not awake any more. Count it down in the word.");
    }

    TEST_CASE("a sleeper is woken for work and begins as a searcher") {
        Idle idle(2);
        CHECK_FALSE(idle.fall_asleep(1, false));
        CHECK(idle.awake_count() == 1);

        CHECK(idle.choose_sleeper() == 1U);
        CHECK(idle.awake_count() == 2);
        CHECK_MESSAGE(idle.wake_up(1), "the worker that was chosen is still in the list of sleepers. Take it out.");
        CHECK(idle.awake_count() == 2);
        CHECK_MESSAGE(idle.end_search(),
                      "the worker that was chosen counts as a searcher at once, and it was the only one");
    }

    TEST_CASE("the last to fall asleep is the first to be woken") {
        Idle idle(3);
        for (unsigned id = 0; id < 3; ++id) {
            CHECK_FALSE(idle.fall_asleep(id, false));
        }
        for (unsigned const expected : {2U, 1U, 0U}) {
            CHECK_MESSAGE(idle.choose_sleeper() == expected,
                          "choose the worker that fell asleep last. The first one sleeps in the driver.");
            CHECK(idle.end_search());
        }
        CHECK(idle.choose_sleeper() == std::nullopt);
    }

    TEST_CASE("nobody is woken while somebody searches") {
        Idle idle(4);
        for (unsigned id = 1; id < 4; ++id) {
            CHECK_FALSE(idle.fall_asleep(id, false));
        }
        CHECK(idle.begin_search());
        CHECK(idle.choose_sleeper() == std::nullopt);

        step("the searcher finds work and was the last one; it looks again and there is more");
        CHECK(idle.end_search());
        CHECK(idle.choose_sleeper() == 3U);
        CHECK_MESSAGE(idle.choose_sleeper() == std::nullopt,
                      "the worker that was just woken searches already, so a second one is not needed");
        CHECK(idle.awake_count() == 2);
    }

    TEST_CASE("half of the workers may search") {
        for (unsigned const workers : {1U, 2U, 3U, 4U, 8U, 9U}) {
            step("{} workers", workers);
            Idle idle(workers);
            unsigned allowed = 0;
            for (unsigned id = 0; id < workers; ++id) {
                allowed += idle.begin_search();
            }
            CHECK_MESSAGE(allowed == (workers + 1) / 2,
                          "a worker may begin to search if less than half of the workers search");
        }
        step("4 workers, of which two sleep");
        Idle idle(4);
        CHECK_FALSE(idle.fall_asleep(2, false));
        CHECK_FALSE(idle.fall_asleep(3, false));
        CHECK(idle.begin_search());
        CHECK_MESSAGE(idle.begin_search(), "one of four workers searches, so another one may. Sleepers count, too.");
    }

    TEST_CASE("work arrives as the last searcher goes to sleep") {
        Idle idle(2);
        CHECK_FALSE(idle.fall_asleep(1, false));
        CHECK(idle.begin_search());
        step("worker 0 has looked into all queues and found nothing");

        step("now work comes. The thread that makes it sees a searcher and wakes no worker");
        CHECK(idle.choose_sleeper() == std::nullopt);

        step("worker 0 goes to sleep: it must look again");
        CHECK_MESSAGE(idle.fall_asleep(0, true), look_again);
        step("it sees the work and wakes a sleeper: itself");
        CHECK(idle.choose_sleeper() == 0U);
        CHECK(idle.wake_up(0));
    }

    TEST_CASE("work arrives as the last searcher finds some other") {
        Idle idle(2);
        CHECK_FALSE(idle.fall_asleep(1, false));
        CHECK(idle.begin_search());
        step("worker 0 has found a task. Now work comes. The thread that makes it sees a searcher and wakes no worker");
        CHECK(idle.choose_sleeper() == std::nullopt);
        step("worker 0 stops searching: it must look again before it runs its task");
        CHECK_MESSAGE(idle.end_search(), look_again);
        CHECK(idle.choose_sleeper() == 1U);
    }

    TEST_CASE("only the last searcher has to care for the others") {
        Idle idle(4);
        CHECK(idle.begin_search());
        CHECK(idle.begin_search());
        step("two search, and one of them finds work");
        CHECK_FALSE(idle.end_search());
        step("the other one finds work, too");
        CHECK_MESSAGE(idle.end_search(), look_again);

        CHECK(idle.begin_search());
        CHECK(idle.begin_search());
        step("two search, and both fall asleep");
        CHECK_FALSE(idle.fall_asleep(0, true));
        CHECK_MESSAGE(idle.fall_asleep(1, true), look_again);
        CHECK(idle.awake_count() == 2);
        CHECK(idle.choose_sleeper() == 1U);
    }

    TEST_CASE("a worker that does not search was not the last searcher") {
        Idle idle(4);
        CHECK(idle.begin_search());
        step("worker 0 searches. Worker 1, which does not, falls asleep");
        CHECK_MESSAGE(!idle.fall_asleep(1, false), "this worker was no searcher, so the searcher will look again");
        CHECK_MESSAGE(idle.end_search(), "the worker that fell asleep did not search. Count only `awake` down for it.");
    }

    TEST_CASE("a worker that wakes by itself is awake but no searcher") {
        Idle idle(2);
        CHECK_FALSE(idle.fall_asleep(0, false));
        CHECK_FALSE(idle.fall_asleep(1, false));
        CHECK_FALSE(idle.wake_up(0));
        CHECK(idle.awake_count() == 1);
        CHECK(idle.choose_sleeper() == 1U);
        CHECK(idle.choose_sleeper() == std::nullopt);
    }
}
