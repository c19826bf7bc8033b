/// \file
/// 16.3: in which order a worker looks for tasks, and whom it wakes. It runs on the test's thread.
#include "worker_by_hand.hpp"

#include <doctest/doctest.h>
#include <rt/runnable.hpp>
#include <support/show.hpp>
#include <support/story.hpp>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

using namespace support;

namespace {

using Names = std::vector<std::string>;

}  // namespace

TEST_SUITE("16.3 a worker") {
    TEST_CASE("its own queue and then the queue of all and then those of the others") {
        WorkerByHand w(2);
        w.play_the_monitor();
        step("two tasks are in its own queue, two in the injection queue, and one in the queue of worker 1");
        w.push(0, w.task("own 1"));
        w.push(0, w.task("own 2"));
        bool has_share = false;
        w.push_from_outside(w.task("injected 1", [&] { has_share = w.crew.injection.is_empty(); }));
        w.push_from_outside(w.task("injected 2"));
        w.push(1, w.task("of worker 1"));
        w.run();
        CHECK_MESSAGE((w.polled == Names{"own 1", "own 2", "injected 1", "injected 2", "of worker 1", "sleep"}),
                      "this is not the order on top of worker.hpp. Only the 61st look is another one.");
        CHECK_MESSAGE(
            has_share,
            "each task from outside costs a lock of its own. `take_share` takes this worker's share at once.");
    }

    TEST_CASE("it searches from the next worker on") {
        WorkerByHand w(4, 2);
        step("worker 2 of four has no task. Each of the others has one");
        for (unsigned other : {0U, 1U, 3U}) {
            w.push(other, w.task("of worker " + std::to_string(other), [&w, other] {
                if (other == 1) {
                    w.crew.stop();
                }
            }));
        }
        w.run();
        CHECK_MESSAGE(
            (w.polled == Names{"of worker 3", "of worker 0", "of worker 1"}),
            "workers that begin at the same queue get into each other's way. Begin at the worker behind this one, "
            "and look at all but this one.");
    }

    TEST_CASE("a task from outside does not wait for an own queue that is never empty") {
        WorkerByHand w(2);
        w.play_the_monitor();
        step("200 tasks are in its own queue, and then one comes from outside");
        for (int n = 0; n < 200; ++n) {
            w.push(0, w.task("own"));
        }
        w.push_from_outside(w.task("from outside"));
        w.run();
        auto const place = std::find(w.polled.begin(), w.polled.end(), "from outside") - w.polled.begin();
        CHECK_MESSAGE(
            place == 60,
            "at the 61st look, look into the injection queue first. So the task from outside is polled after 60 "
            "others.");
        CHECK_MESSAGE(
            w.polled.size() == 202,
            "the worker sleeps, although its own queue is not empty. If the injection queue is empty at the 61st "
            "look, look into the own queue.");
    }

    TEST_CASE("at the 61st look one task comes from outside") {
        WorkerByHand w(2);
        w.play_the_monitor();
        step("a hundred tasks are in its own queue, and then five come from outside");
        for (int n = 0; n < 100; ++n) {
            w.push(0, w.task("own"));
        }
        w.push_from_outside(w.task("from outside", [&w] {
            CHECK_MESSAGE(
                w.crew.remotes[0].queue.size() == 40,
                "at the 61st look, take one task from outside, and not a share. The own queue is full of older "
                "tasks, and the other workers may have time.");
            w.crew.stop();
        }));
        for (int n = 0; n < 4; ++n) {
            w.push_from_outside(w.task("from outside, too"));
        }
        w.run();
        CHECK(w.polled.size() == 61);
    }

    TEST_CASE("the driver is served although the worker never sleeps") {
        for (bool const is_own : {true, false}) {
            WorkerByHand w(1);
            step("200 times, a poll puts a new task into {}", is_own ? "the own queue" : "the injection queue");
            int polls = 0;
            std::function<void()> again = [&] {
                if (polls % 60 == 30) {
                    w.push_from_outside(w.task("from outside"));
                }
                if (++polls == 200) {
                    return;
                }
                if (is_own) {
                    w.runtime.schedule(w.task("again", again));
                } else {
                    w.push_from_outside(w.task("again", again));
                }
            };
            w.push(0, w.task("again", again));
            w.run();
            CHECK(polls == 200);
            CHECK_MESSAGE(
                w.driver.looks == 3,
                "timers and sockets would wait until the worker has no task. At every 61st look, serve the driver, also if a task has come from outside.");
        }
    }

    TEST_CASE("while another worker is awake it sleeps as the monitor") {
        WorkerByHand w(2);
        step("worker 1 is in a long poll. Worker 0 has no task");
        w.crew.remotes[0].park.unpark();  // so that the first sleep ends at once
        w.driver.instead_of_look = [&w] { w.crew.stop(); };
        w.run();
        CHECK_MESSAGE(w.polled.empty(),
                      "another worker is awake, and there is no monitor, so this worker must be it. Sleep by the given "
                      "function `park` of this file.");
    }

    TEST_CASE("a worker that sleeps does not count as a searcher") {
        WorkerByHand w(4);
        w.play_the_monitor();
        step("worker 0 of four finds no task and sleeps");
        int sleeps = 0;
        w.driver.instead_of_sleep = [&] {
            CHECK_MESSAGE(
                w.crew.idle.choose_sleeper() == 0U,
                "this worker sleeps, but the counts say that it searches. If `begin_search` allows the search, set "
                "`is_searching_`, and while it is set, don't ask again.");
            if (++sleeps == 2) {
                w.crew.stop();
                return;
            }
            step("another worker wakes it for a task, and runs that task itself. Worker 0 finds no task and sleeps");
        };
        w.run();
    }

    TEST_CASE("it does not search if half of the workers do") {
        WorkerByHand w(4);
        step("workers 1 and 2 of four search, and worker 3 has a task");
        w.crew.idle.begin_search();
        w.crew.idle.begin_search();
        w.play_the_monitor();
        w.push(3, w.task("of worker 3"));
        w.run();
        CHECK_MESSAGE(w.polled == Names{"sleep"},
                      "half of the workers search already, so this one must not. Ask `begin_search` first.");
    }

    TEST_CASE("a worker that is woken searches until it finds a task") {
        WorkerByHand w(2);
        w.sleeps(1);
        bool comes = false;
        w.driver.instead_of_sleep = [&] {
            w.polled.push_back("sleep");
            if (std::exchange(comes, true)) {
                w.crew.stop();
                return;
            }
            step("it sleeps, and a task comes from outside");
            w.play_the_monitor();  // so that no worker has to be woken for the driver
            w.inject(w.task("from outside", [&] {
                CHECK_MESSAGE(
                    w.crew.idle.awake_count() == 1,
                    "no other task waits, but worker 1 was woken for one. `look_again` wakes a worker only if it "
                    "finds a task.");
                CHECK_MESSAGE(
                    w.crew.idle.choose_sleeper() == 1U,
                    "the worker has found a task, but it still counts as a searcher. So no sleeper is woken any "
                    "more. `wake_up` says whether it searches. If it finds a task, call `end_search`.");
                w.crew.stop();
            }));
        };
        w.run();
        CHECK(w.polled == Names{"sleep", "from outside"});
    }

    TEST_CASE("a search ends once") {
        WorkerByHand w(2);
        w.play_the_monitor();
        step("worker 1 has three tasks. Worker 0 steals two of them, and polls one after the other");
        w.push(1, w.task("first"));
        w.push(1, w.task("second", [&w] {
            CHECK_MESSAGE(
                w.crew.idle.awake_count() == 2,
                "the worker counted itself out twice. After `end_search` it searches no more, so clear the flag.");
            w.crew.stop();
        }));
        w.push(1, w.task("third"));
        w.run();
        CHECK(w.polled == Names{"first", "second"});
    }

    TEST_CASE("a worker that wakes up by itself is awake") {
        WorkerByHand w(2);
        w.sleeps(1);
        step("it sleeps in the driver, and an event in the driver wakes a task");
        w.driver.instead_of_sleep = [&] {
            w.runtime.schedule(w.task("woken by an event", [&] {
                CHECK_MESSAGE(
                    w.crew.idle.awake_count() == 2,
                    "this worker runs a task, and worker 1 was woken for the driver. After the sleep, `wake_up` "
                    "counts this worker as awake, and says whether it searches. Keep that answer.");
                CHECK_MESSAGE(w.was_woken(1), "no worker sleeps in the driver during this poll, which may be long");
                w.crew.stop();
            }));
        };
        w.run();
        CHECK(w.polled == Names{"woken by an event"});
    }

    TEST_CASE("a task that an event in the driver wakes is no new work") {
        WorkerByHand w(2);
        w.sleeps(1);
        w.play_the_monitor();
        w.push(0, w.task("before"));
        step("it polls a task, and then sleeps in the driver, where an event wakes two tasks");
        w.driver.instead_of_sleep = [&] {
            w.runtime.schedule(w.task("first"));
            w.runtime.schedule(w.task("second", [&] { w.crew.stop(); }));
            CHECK_MESSAGE(w.crew.idle.awake_count() == 0,
                          "a worker was chosen for the tasks, but this one runs them as soon as it leaves the driver");
        };
        w.run();
        CHECK(w.polled == Names{"before", "first", "second"});
    }

    TEST_CASE("a task that a poll queues wakes another worker") {
        WorkerByHand w(2);
        w.sleeps(1);
        CHECK(w.crew.driver_lock.try_lock());  // as if another worker slept there
        w.push(0, w.task("first", [&] {
            step("the poll queues a second task, and goes on");
            w.runtime.schedule(w.task("second"));
            CHECK_MESSAGE(w.was_woken(1), "the poll may be long, so another worker must take the second task");
            w.crew.stop();
        }));
        w.run();
        CHECK(w.polled == Names{"first"});
    }

    TEST_CASE("one task is left to the monitor and two are not") {
        WorkerByHand w(2);
        w.sleeps(1);
        w.play_the_monitor();
        w.push(0, w.task("first", [&] {
            step("the poll queues a second task, while there is a monitor");
            w.runtime.schedule(w.task("second"));
            CHECK_MESSAGE(
                w.crew.idle.awake_count() == 1,
                "a system call for a single task, although the monitor will see it. `push` returns whether the task "
                "is the only one. Pass that on.");
            step("and a third one");
            w.runtime.schedule(w.task("third"));
            CHECK_MESSAGE(w.was_woken(1), "two tasks wait, so another worker must take one");
            w.crew.stop();
        }));
        w.run();
        CHECK(w.polled == Names{"first"});
    }

    TEST_CASE("a task that yields wakes no other worker") {
        WorkerByHand w(2);
        w.sleeps(1);
        CHECK(w.crew.driver_lock.try_lock());
        int polls = 0;
        auto yield = [&](rt::Context& cx) -> rt::Poll<void> {
            if (++polls == 1) {
                step("the task yields in its first poll");
                cx.waker().wake_by_ref();
                return rt::Pending;
            }
            CHECK_MESSAGE(w.crew.idle.awake_count() == 1,
                          "the task that yields runs next on this worker, so it is no new work");
            w.crew.stop();
            return rt::Ready();
        };
        w.push(0, rt::make_task(rt::poll_fn(yield), w.runtime).first);
        w.run();
        CHECK(polls == 2);
    }
}
