/// \file
/// 18.1: waiters of a Notify, polled by hand.
#include "stepped_notify.hpp"

#include <doctest/doctest.h>
#include <rt/future.hpp>
#include <rt/waker.hpp>
#include <support/calling_waker.hpp>
#include <support/death.hpp>
#include <support/mock_task.hpp>
#include <support/show.hpp>
#include <support/story.hpp>

#include <memory>
#include <tuple>
#include <utility>
#include <vector>

#include <fmt/format.h>

using namespace support;
using rt::Pending;
using rt::Ready;

namespace {

using Task = std::unique_ptr<MockTask<Notified>>;

std::vector<Task> waiters(Notify& notify, int count) {
    std::vector<Task> tasks;
    for (int n = 1; n <= count; ++n) {
        tasks.push_back(std::make_unique<MockTask<Notified>>(fmt::format("waiter {}", n), notify.notified()));
    }
    return tasks;
}

}  // namespace

TEST_SUITE("18.1 notify one") {
    TEST_CASE("a notification wakes the task that waits") {
        Notify notify;
        auto waiter = spawn_mock("the waiter", notify.notified());
        CHECK(waiter.poll() == Pending);
        CHECK(waiter.kept_wakers() == 1);
        CHECK(waiter.clones() == 1);
        notify.notify_one();
        CHECK_MESSAGE(waiter.wakes() == 1, "a task waited, and the notification did not wake it");
        CHECK(waiter.kept_wakers() == 0);
        CHECK(waiter.poll() == Ready());
        CHECK(waiter.drops() == 0);
    }

    TEST_CASE("a notification that comes first is kept but only once") {
        Notify notify;
        step("notify twice");
        notify.notify_one();
        notify.notify_one();
        auto first = spawn_mock("the first waiter", notify.notified());
        auto second = spawn_mock("the second waiter", notify.notified());
        CHECK(first.poll() == Ready());
        CHECK(first.clones() == 0);
        CHECK_MESSAGE(second.poll() == Pending, "two notifications that nobody waited for are one permit");
    }

    TEST_CASE("the one that has waited longest comes first") {
        Notify notify;
        auto tasks = waiters(notify, 3);
        step("the second polls first");
        CHECK(tasks[1]->poll() == Pending);
        CHECK(tasks[0]->poll() == Pending);
        CHECK(tasks[2]->poll() == Pending);
        step("polling again does not change the order");
        CHECK(tasks[1]->poll() == Pending);
        notify.notify_one();
        CHECK(tasks[1]->is_woken());
        CHECK_FALSE(tasks[0]->is_woken());
        notify.notify_one();
        CHECK(tasks[0]->is_woken());
        CHECK_FALSE(tasks[2]->is_woken());
        CHECK(tasks[2]->poll() == Pending);
        CHECK(tasks[1]->poll() == Ready());
        CHECK(tasks[0]->poll() == Ready());
    }

    TEST_CASE("a newcomer does not take what was given to another") {
        Notify notify;
        auto tasks = waiters(notify, 2);
        CHECK(tasks[0]->poll() == Pending);
        notify.notify_one();
        CHECK_MESSAGE(tasks[1]->poll() == Pending, "the permit was given to waiter 1, so waiter 2 must not find it");
        CHECK(tasks[0]->poll() == Ready());
        CHECK_MESSAGE(tasks[1]->poll() == Pending, "one notification has made two waiters Ready");
    }

    TEST_CASE("one that was given a permit leaves the next one to others") {
        Notify notify;
        auto tasks = waiters(notify, 2);
        CHECK(tasks[0]->poll() == Pending);
        step("notify twice: one permit is given, and one is kept");
        notify.notify_one();
        notify.notify_one();
        CHECK(tasks[0]->poll() == Ready());
        CHECK_MESSAGE(
            tasks[1]->poll() == Ready(),
            "waiter 1 had a permit of its own, and took the one that the Notify kept. Look at its own first.");
    }

    TEST_CASE("the latest waker counts") {
        Notify notify;
        CountingWaker first;
        CountingWaker second;
        rt::Waker first_waker = first.waker();
        rt::Waker second_waker = second.waker();
        Notified notified = notify.notified();
        {
            rt::Context cx(first_waker);
            CHECK(notified.poll(cx) == Pending);
            step("the same waker again is not cloned again");
            CHECK(notified.poll(cx) == Pending);
            CHECK(first.clones() == 1);
        }
        step("poll with another waker");
        rt::Context cx(second_waker);
        CHECK(notified.poll(cx) == Pending);
        CHECK(first.drops() == 1);
        notify.notify_one();
        CHECK_MESSAGE(first.wakes() == 0, "the Notify woke the waker of an earlier poll");
        CHECK_MESSAGE(second.wakes() == 1, "the task that polled last was not woken. Keep the newest waker.");
        CHECK(notified.poll(cx) == Ready());
    }

    TEST_CASE("one that is dropped while it waits gives up its place") {
        Notify notify;
        auto tasks = waiters(notify, 3);
        for (auto& task : tasks) {
            CHECK(task->poll() == Pending);
        }
        tasks[1]->drop();
        CHECK(tasks[1]->kept_wakers() == 0);
        tasks[0]->drop();
        notify.notify_one();
        CHECK_MESSAGE(tasks[0]->wakes() == 0, "a future that was destroyed is still in the list");
        CHECK(tasks[1]->wakes() == 0);
        CHECK(tasks[2]->is_woken());
        CHECK(tasks[2]->poll() == Ready());
    }

    TEST_CASE("one that is dropped with the permit in hand passes it on") {
        Notify notify;
        auto tasks = waiters(notify, 3);
        CHECK(tasks[0]->poll() == Pending);
        CHECK(tasks[1]->poll() == Pending);
        notify.notify_one();
        CHECK(tasks[0]->is_woken());
        tasks[0]->drop();
        CHECK_MESSAGE(tasks[1]->is_woken(),
                      "waiter 1 was given the permit and destroyed before it used it. Pass the permit on to waiter 2.");
        step("and if nobody waits, it is kept");
        tasks[1]->drop();
        CHECK_MESSAGE(tasks[2]->poll() == Ready(), "the permit is lost. The Notify keeps it if nobody waits.");
    }

    TEST_CASE("the last in line leaves: the next to come is behind those before it") {
        Notify notify;
        auto tasks = waiters(notify, 3);
        CHECK(tasks[0]->poll() == Pending);
        CHECK(tasks[1]->poll() == Pending);
        tasks[1]->drop();
        CHECK(tasks[2]->poll() == Pending);
        notify.notify_one();
        CHECK(tasks[0]->is_woken());
        CHECK_FALSE(tasks[2]->is_woken());
        notify.notify_one();
        CHECK(tasks[2]->is_woken());
    }

    TEST_CASE("no waker is destroyed under the lock") {
        Notify notify;
        CountingWaker counter;
        CallingWaker back([] {}, [&notify] { notify.notify_waiters(); });
        rt::Waker const quiet = counter.waker();
        rt::Context quiet_cx(quiet);
        {
            rt::Waker const waker = back.waker();
            rt::Context cx(waker);
            Notified replaced = notify.notified();
            CHECK(replaced.poll(cx) == Pending);
            step("replace a waker that comes back to the Notify when it is destroyed");
            CHECK(replaced.poll(quiet_cx) == Pending);
            CHECK(counter.wakes() == 1);
            Notified dropped = notify.notified();
            CHECK(dropped.poll(cx) == Pending);
            step("drop one that waits with such a waker");
        }
    }

    TEST_CASE("one that was never polled holds nothing") {
        Notify notify;
        auto tasks = waiters(notify, 2);
        notify.notify_one();
        tasks[0]->drop();
        CHECK(tasks[1]->poll() == Ready());
    }

    TEST_CASE("one that has finished passes nothing on") {
        Notify notify;
        auto tasks = waiters(notify, 2);
        CHECK(tasks[0]->poll() == Pending);
        CHECK(tasks[1]->poll() == Pending);
        notify.notify_one();
        CHECK(tasks[0]->poll() == Ready());
        tasks[0]->drop();
        CHECK_MESSAGE(!tasks[1]->is_woken(), "waiter 1 had used its permit, and passed it on as well");
    }

    TEST_CASE("the Notify may go as soon as the waiter is woken") {
        auto notify = std::make_unique<Notify>();
        auto waiter = spawn_mock("the waiter", notify->notified());
        CHECK(waiter.poll() == Pending);
        notify->notify_one();
        CHECK(waiter.poll() == Ready());
        notify.reset();
        waiter.drop();
    }

    TEST_CASE("notified keeps the contract of a future") {
        Notify notify;
        notify.notify_one();
        auto waiter = spawn_mock("the waiter", notify.notified());
        CHECK(waiter.poll() == Ready());
        expect_violation("notified: polled after Ready", [&] { std::ignore = waiter.poll_silently(); });
        expect_violation("moved after its first poll", [&] {
            Notified notified = notify.notified();
            rt::Waker waker = rt::Waker::noop();
            rt::Context cx(waker);
            std::ignore = notified.poll(cx);
            Notified moved = std::move(notified);
        });
    }
}

TEST_SUITE("18.1 notify all") {
    TEST_CASE("all who wait are woken and nothing is kept") {
        Notify notify;
        auto tasks = waiters(notify, 100);
        for (auto& task : tasks) {
            CHECK(task->poll() == Pending);
        }
        notify.notify_waiters();
        for (auto& task : tasks) {
            CHECK_MESSAGE(task->wakes() == 1, "all who wait are woken");
            CHECK(task->poll() == Ready());
        }
        auto late = spawn_mock("one that comes later", notify.notified());
        CHECK_MESSAGE(late.poll() == Pending, "notify_waiters keeps no permit for later waiters");
    }

    TEST_CASE("a future that was made before the call is ready polled or not") {
        Notify notify;
        auto early = spawn_mock("made before", notify.notified());
        notify.notify_waiters();
        CHECK_MESSAGE(early.poll() == Ready(), "notified() came before notify_waiters(), so this future must be Ready");
        CHECK(early.clones() == 0);
    }

    TEST_CASE("a future that was made before several calls is ready") {
        Notify notify;
        auto early = spawn_mock("made before", notify.notified());
        notify.notify_waiters();
        notify.notify_waiters();
        CHECK_MESSAGE(early.poll() == Ready(), "two calls to all came since notified(), and this future missed both");
    }

    TEST_CASE("a permit that is kept stays") {
        Notify notify;
        notify.notify_one();
        notify.notify_waiters();
        auto waiter = spawn_mock("the waiter", notify.notified());
        CHECK_MESSAGE(waiter.poll() == Ready(),
                      "notify_waiters took the permit that notify_one had left. A call to all leaves it alone.");
    }

    TEST_CASE("a call that reaches nobody leaves no permit") {
        Notify notify;
        notify.notify_waiters();
        auto late = spawn_mock("one that comes later", notify.notified());
        CHECK_MESSAGE(late.poll() == Pending, "nobody waited for the call to all, and it was kept as a permit");
    }

    TEST_CASE("one that was woken with all passes nothing on") {
        Notify notify;
        auto tasks = waiters(notify, 2);
        CHECK(tasks[0]->poll() == Pending);
        notify.notify_waiters();
        CHECK(tasks[1]->poll() == Ready());
        tasks[0]->drop();
        auto late = spawn_mock("one that comes later", notify.notified());
        CHECK_MESSAGE(late.poll() == Pending, "a waiter that was woken with all others was given no permit to pass on");
    }

    TEST_CASE("the one that was given the permit keeps it when all are woken") {
        Notify notify;
        auto tasks = waiters(notify, 2);
        CHECK(tasks[0]->poll() == Pending);
        CHECK(tasks[1]->poll() == Pending);
        notify.notify_one();
        notify.notify_waiters();
        CHECK(tasks[1]->is_woken());
        tasks[0]->drop();
        auto late = spawn_mock("one that comes later", notify.notified());
        CHECK(late.poll() == Ready());
    }

    TEST_CASE("a task that begins to wait while others are being woken is not woken") {
        Notify notify;
        rt::Waker const noop = rt::Waker::noop();
        std::vector<std::unique_ptr<Notified>> first;
        std::vector<std::unique_ptr<Notified>> next;
        CallingWaker again([&] {
            rt::Context cx(noop);
            next.push_back(std::make_unique<Notified>(notify.notified()));
            CHECK(next.back()->poll(cx) == Pending);
        });
        rt::Waker const waker = again.waker();
        for (int i = 0; i < 100; ++i) {
            rt::Context cx(waker);
            first.push_back(std::make_unique<Notified>(notify.notified()));
            CHECK(first.back()->poll(cx) == Pending);
        }
        step("wake 100 that wait, each of which begins to wait anew at once");
        notify.notify_waiters();
        CHECK(next.size() == 100);
    }

    TEST_CASE("a waker may use the Notify at once") {
        Notify notify;
        int wakes = 0;
        CallingWaker back([&] {
            ++wakes;
            notify.notify_one();
        });
        rt::Waker const waker = back.waker();
        rt::Context cx(waker);
        {
            Notified notified = notify.notified();
            CHECK(notified.poll(cx) == Pending);
            step("notify one, whose waker notifies one");
            notify.notify_one();
            CHECK(wakes == 1);
            CHECK(notified.poll(cx) == Ready());
        }
        {
            Notified dropped = notify.notified();
            CHECK(dropped.poll(cx) == Ready());
        }
        Notified second = notify.notified();
        {
            Notified first = notify.notified();
            auto quiet = rt::Waker::noop();
            rt::Context quiet_cx(quiet);
            CHECK(first.poll(quiet_cx) == Pending);
            CHECK(second.poll(cx) == Pending);
            notify.notify_one();
            step("drop one that passes its permit on");
        }
        CHECK(wakes == 2);
    }
}
