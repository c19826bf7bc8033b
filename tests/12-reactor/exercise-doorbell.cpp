/// An exercise without a starter: write a doorbell that a signal handler can ring.
///
/// A signal handler must not lock a mutex or allocate memory, so it can't wake a task. But it may write to a descriptor.
/// `exercise::Doorbell` stands on an eventfd, which `rt::sys::event_fd()` makes. A write of 8 bytes adds their number to the
/// eventfd's counter. A read of 8 bytes gives the counter, and sets it to 0. If it is 0, the read answers -EAGAIN.
///
///  - `ring()` adds 1. Any thread may call it, and any signal handler.
///  - `rings()` returns a future of a std::uint64_t: how often the bell was rung since the last answer. It waits if that is 0.
///  - A future that is destroyed takes no ring with it.
///
/// Write it into mine/12-reactor/exercise.hpp. The file needs `#pragma once`, `#include <rt/io_source.hpp>`, and
/// `namespace exercise`. The loop judges it as soon as the file exists and the rest of the lesson is green.
#include <doctest/doctest.h>
#include <exercise.hpp>
#include <rt/current_thread.hpp>
#include <rt/future.hpp>
#include <rt/join.hpp>
#include <rt/scheduler.hpp>
#include <rt/trace.hpp>
#include <support/mock_task.hpp>
#include <support/show.hpp>
#include <support/story.hpp>
#include <support/test_thread.hpp>
#include <support/trace_log.hpp>

#include <csignal>
#include <utility>

using namespace support;
using exercise::Doorbell;
using Kind = rt::trace::Kind;

namespace {

Doorbell* rung_by_signal = nullptr;

}  // namespace

TEST_SUITE("12 exercise a doorbell for signal handlers") {
    TEST_CASE("a ring that came before is kept") {
        Doorbell bell;
        bell.ring();
        step("the bell was rung. Await it");
        rt::CurrentThread runtime;
        CHECK(runtime.block_on(bell.rings()) == 1);
    }

    TEST_CASE("rings are counted and counted once") {
        Doorbell bell;
        rt::CurrentThread runtime;
        step("ring three times");
        bell.ring();
        bell.ring();
        bell.ring();
        CHECK(runtime.block_on(bell.rings()) == 3);
        bell.ring();
        CHECK(runtime.block_on(bell.rings()) == 1);
    }

    TEST_CASE("a task sleeps until another thread rings") {
        Doorbell bell;
        TraceLog log;
        rt::CurrentThread runtime;
        TestThread other([&] {
            log.wait_for(Kind::park, 1);
            bell.ring();
        });
        step("await the bell, which another thread rings as soon as the runtime sleeps");
        CHECK(runtime.block_on(bell.rings()) == 1);
        CHECK_MESSAGE(log.count(Kind::park) == 1, "one wait is one sleep. More of them are a busy loop.");
    }

    TEST_CASE("a signal handler rings") {
        Doorbell bell;
        rung_by_signal = &bell;
        struct sigaction action{};
        action.sa_handler = [](int) { rung_by_signal->ring(); };
        sigaction(SIGUSR1, &action, nullptr);
        auto signalled = [](rt::Context&) -> rt::Poll<void> {
            raise(SIGUSR1);
            return rt::Ready();
        };
        rt::CurrentThread runtime;
        step("await the bell, and a future that raises a signal");
        auto both = rt::join(bell.rings(), rt::poll_fn(signalled));
        auto [rings, nothing] = runtime.block_on(std::move(both));
        (void)nothing;
        CHECK(rings == 1);
    }

    TEST_CASE("a future that is destroyed takes no ring with it") {
        Doorbell bell;
        rt::CurrentThread runtime;
        {
            rt::EnterScheduler entered(runtime);
            auto waits = spawn_mock("a task that waits", bell.rings());
            CHECK(waits.poll().is_pending());
            bell.ring();
            waits.drop();
            step("a future that was never polled is destroyed, too");
            (void)bell.rings();
        }
        bell.ring();
        CHECK(runtime.block_on(bell.rings()) == 2);
    }
}
