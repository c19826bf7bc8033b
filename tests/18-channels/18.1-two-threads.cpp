/// \file
/// 18.1: what another thread may do between two lines of a Notify. The lock is stepped, so each moment is played.
#include "stepped_notify.hpp"

#include <doctest/doctest.h>
#include <rt/future.hpp>
#include <rt/waker.hpp>
#include <support/calling_waker.hpp>
#include <support/mock_task.hpp>
#include <support/show.hpp>
#include <support/story.hpp>
#include <support/test_thread.hpp>

#include <latch>
#include <memory>
#include <optional>

using namespace support;
using rt::Pending;
using rt::Ready;

TEST_SUITE("18.1 notify from two threads") {
    TEST_CASE("a notification comes at each moment of a poll") {
        for (bool all : {false, true}) {
            step("poll, and another thread calls {} at each moment", all ? "notify_waiters" : "notify_one");
            bool is_there = true;
            for (int moment = 0; is_there; ++moment) {
                Notify notify;
                CountingWaker task;
                rt::Waker waker = task.waker();
                rt::Context cx(waker);
                Notified notified = notify.notified();
                bool is_ready = false;
                is_there = plays_at(
                    moment, [&] { all ? notify.notify_waiters() : notify.notify_one(); },
                    [&] { is_ready = notified.poll(cx).is_ready(); });
                bool const is_woken = !is_there || is_ready || task.wakes() == 1;
                REQUIRE_MESSAGE(is_woken,
                                "the notification came after the poll had looked and before it waited, and is lost. "
                                "Look and wait under one hold of the lock.");
                if (is_there && !is_ready) {
                    CHECK(notified.poll(cx) == Ready());
                }
            }
        }
    }

    TEST_CASE("the permit comes at each moment of the end of a future") {
        step("destroy a future that waits, and another thread calls notify_one at each moment");
        bool is_there = true;
        for (int moment = 0; is_there; ++moment) {
            Notify notify;
            rt::Waker const noop = rt::Waker::noop();
            rt::Context cx(noop);
            std::optional<Notified> dropped(notify.notified());
            CHECK(dropped->poll(cx) == Pending);
            is_there = plays_at(moment, [&] { notify.notify_one(); }, [&] { dropped.reset(); });
            if (is_there) {
                Notified next = notify.notified();
                REQUIRE_MESSAGE(next.poll(cx) == Ready(),
                                "the permit was given to a future while it was destroyed, and is lost. Take it out of "
                                "the list and look whether it was woken under one hold of the lock.");
            }
        }
    }

    TEST_CASE("a waiter is polled and destroyed at each moment of a call to all") {
        step("notify_waiters, and another thread polls a waiter at each moment, and destroys it if it is Ready");
        bool is_there = true;
        for (int moment = 0; is_there; ++moment) {
            Notify notify;
            rt::Waker const noop = rt::Waker::noop();
            rt::Context cx(noop);
            std::optional<Notified> waiter(notify.notified());
            CHECK(waiter->poll(cx) == Pending);
            auto poll = [&] {
                if (waiter->poll(cx).is_ready()) {
                    waiter.reset();
                }
            };
            is_there = plays_at(moment, poll, [&] { notify.notify_waiters(); });
            if (waiter) {
                CHECK(waiter->poll(cx) == Ready());
            }
        }
    }

    TEST_CASE("a poll on another thread comes while a call to all holds the lock") {
        Notify notify;
        rt::Waker const noop = rt::Waker::noop();
        rt::Context cx(noop);
        Notified waiter = notify.notified();
        CHECK(waiter.poll(cx) == Pending);
        bool has_waited_for_the_lock = false;
        std::optional<TestThread> poller;
        before_all_are_woken = [&] {
            step("notify_waiters has the lock, and another thread polls a future that is still in the list");
            auto has_begun = std::make_shared<std::latch>(1);
            poller.emplace([&, has_begun] {
                auto lock = [&, has_begun] {
                    has_waited_for_the_lock = true;
                    has_begun->count_down();
                };
                plays_at(0, lock, [&] { CHECK(waiter.poll(cx) == Ready()); });
                if (!has_waited_for_the_lock) {
                    has_begun->count_down();
                }
            });
            has_begun->wait();
        };
        notify.notify_waiters();
        poller->join();
        CHECK_MESSAGE(
            has_waited_for_the_lock,
            "the poll was Ready while the waiter was in the list, so its future may be destroyed in there. Look "
            "at everything under the lock.");
    }

    TEST_CASE("a task is polled as soon as it is woken") {
        for (bool all : {false, true}) {
            step("{} wakes a task, and another thread polls it at once", all ? "notify_waiters" : "notify_one");
            Notify notify;
            std::optional<Notified> notified(notify.notified());
            rt::Waker const noop = rt::Waker::noop();
            bool is_ready = false;
            CallingWaker task([&] {
                rt::Context again(noop);
                is_ready = notified->poll(again).is_ready();
            });
            rt::Waker const waker = task.waker();
            rt::Context cx(waker);
            CHECK(notified->poll(cx) == Pending);
            all ? notify.notify_waiters() : notify.notify_one();
            CHECK_MESSAGE(is_ready,
                          "a task was woken, found nothing, and waits again. Change everything first, and wake last.");
        }
    }

    TEST_CASE("a task that is woken may destroy the Notify") {
        for (bool all : {false, true}) {
            step("{} wakes a task, and another thread polls it and destroys the Notify",
                 all ? "notify_waiters" : "notify_one");
            auto notify = std::make_unique<Notify>();
            std::optional<Notified> notified(notify->notified());
            rt::Waker const noop = rt::Waker::noop();
            CallingWaker task([&] {
                rt::Context again(noop);
                CHECK(notified->poll(again) == Ready());
                notified.reset();
                notify.reset();
            });
            rt::Waker const waker = task.waker();
            rt::Context cx(waker);
            CHECK(notified->poll(cx) == Pending);
            Notify& there = *notify;
            all ? there.notify_waiters() : there.notify_one();
            CHECK(notify == nullptr);
        }
    }

    TEST_CASE("two polls come at each moment of a notification") {
        step("call notify_one, and another thread polls two futures at each moment");
        bool is_there = true;
        for (int moment = 0; is_there; ++moment) {
            Notify notify;
            CountingWaker tasks[2];
            Notified notified[2] = {notify.notified(), notify.notified()};
            int notifications = 0;
            auto poll_both = [&] {
                for (int i = 0; i < 2; ++i) {
                    rt::Waker waker = tasks[i].waker();
                    rt::Context cx(waker);
                    notifications += notified[i].poll(cx).is_ready();
                }
            };
            is_there = plays_at(moment, poll_both, [&] { notify.notify_one(); });
            notifications += tasks[0].wakes() + tasks[1].wakes();
            REQUIRE_MESSAGE((!is_there || notifications != 0),
                            "a task began to wait while notify_one kept the permit, and sleeps beside it. Look for a "
                            "waiter and keep the permit under one hold of the lock.");
            REQUIRE_MESSAGE((!is_there || notifications == 1), "one permit was kept, and given to a waiter as well");
        }
    }

    TEST_CASE("the only waiter is dropped at each moment of a notification") {
        step("call notify_one, and another thread destroys the future that waits at each moment");
        bool is_there = true;
        for (int moment = 0; is_there; ++moment) {
            Notify notify;
            rt::Waker const noop = rt::Waker::noop();
            rt::Context cx(noop);
            std::optional<Notified> dropped(notify.notified());
            CHECK(dropped->poll(cx) == Pending);
            is_there = plays_at(moment, [&] { dropped.reset(); }, [&] { notify.notify_one(); });
            dropped.reset();
            Notified next = notify.notified();
            REQUIRE_MESSAGE(
                next.poll(cx) == Ready(),
                "the waiter left after notify_one had looked, and the permit is lost. Look for a waiter and "
                "wake it under one hold of the lock.");
        }
    }
}
