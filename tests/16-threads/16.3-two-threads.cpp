/// \file
/// 16.3: work that comes while a worker searches, falls asleep, or queues a task, at each moment.
#include "worker_by_hand.hpp"

#include <doctest/doctest.h>
#include <support/story.hpp>

using namespace support;

namespace {

/// Calls `with(w)` to prepare a worker, runs the worker, and plays `other(w)` at each moment of the run.
template <class Prepare, class Other>
void at_each_moment(unsigned workers, Prepare prepare, Other other) {
    int moments = 0;
    for (int at = 0; at <= moments; ++at) {
        WorkerByHand w(workers);
        prepare(w);
        moments = play(at, [&] { w.run(); }, [&] { other(w); });
        still_alive();
    }
}

}  // namespace

TEST_SUITE("16.3 a worker") {
    TEST_CASE("work comes while the last searcher finds some other") {
        step("worker 1 sleeps, worker 2 has a task. Worker 0 searches, and a task comes from outside at each moment");
        bool has_come = false;
        bool was_polled = false;
        at_each_moment(
            3,
            [&](WorkerByHand& w) {
                has_come = was_polled = false;
                w.sleeps(1);
                CHECK(w.crew.driver_lock.try_lock());
                w.push(2, w.task("of worker 2", [&] {
                    if (has_come && !was_polled) {
                        CHECK_MESSAGE(w.was_woken(1),
                                      "work came while this worker searched, so the thread that made it woke no other "
                                      "worker. If `end_search` says so, look again before the poll.");
                    }
                    w.crew.stop();
                }));
            },
            [&](WorkerByHand& w) {
                w.inject(w.task("from outside", [&] { was_polled = true; }));
                has_come = true;
            });
    }

    TEST_CASE("work comes while the last searcher falls asleep") {
        step("worker 1 sleeps. Worker 0 finds nothing, and a task comes from outside at each moment");
        bool has_come = false;
        bool was_polled = false;
        at_each_moment(
            2,
            [&](WorkerByHand& w) {
                has_come = was_polled = false;
                w.sleeps(1);
                w.driver.instead_of_sleep = [&] {
                    if (has_come && !was_polled) {
                        CHECK_MESSAGE(
                            w.crew.idle.awake_count() != 0,
                            "a task waits, and all workers sleep. If `fall_asleep` says so, look again before the "
                            "sleep.");
                    }
                    w.crew.stop();
                };
            },
            [&](WorkerByHand& w) {
                w.inject(w.task("from outside", [&] {
                    was_polled = true;
                    w.crew.stop();
                }));
                has_come = true;
            });
    }

    TEST_CASE("another worker queues a task while the last searcher falls asleep") {
        step("worker 1 is in a long poll. Worker 0 finds nothing, and worker 1 queues a task at each moment");
        bool has_come = false;
        bool was_polled = false;
        at_each_moment(
            2,
            [&](WorkerByHand& w) {
                has_come = was_polled = false;
                w.play_the_monitor();
                w.driver.instead_of_sleep = [&] {
                    CHECK_MESSAGE((!has_come || was_polled),
                                  "a task waits behind a long poll, and the only other worker sleeps. Look again after "
                                  "`fall_asleep`, not before.");
                    w.crew.stop();
                };
            },
            [&](WorkerByHand& w) {
                w.push(1, w.task("of worker 1", [&] { was_polled = true; }));
                w.crew.wake_one();
                has_come = true;
            });
    }

    TEST_CASE("the last searcher falls asleep while a poll queues a task") {
        step("worker 1 searches. A poll on worker 0 queues a task, and worker 1 falls asleep at each moment");
        bool is_polling = false;
        bool sleeps = false;
        bool has_stolen = false;
        at_each_moment(
            2,
            [&](WorkerByHand& w) {
                is_polling = sleeps = has_stolen = false;
                w.crew.idle.begin_search();
                CHECK(w.crew.driver_lock.try_lock());
                w.push(0, w.task("first", [&] {
                    is_polling = true;
                    w.runtime.schedule(w.task("second"));
                    is_polling = false;
                    if (sleeps && !has_stolen) {
                        CHECK_MESSAGE(
                            w.was_woken(1),
                            "the searcher found nothing and sleeps, and the task waits for the end of this poll. "
                            "Push first, and look for a sleeper afterwards.");
                    }
                    w.crew.stop();
                }));
            },
            [&](WorkerByHand& w) {
                if (!is_polling) {
                    return;
                }
                if (auto stolen = w.crew.remotes[1].queue.steal_from(w.crew.remotes[0].queue)) {
                    has_stolen = true;
                } else {
                    sleeps = true;
                    if (w.crew.idle.fall_asleep(1, true)) {
                        w.crew.look_again();
                    }
                }
            });
    }
}
