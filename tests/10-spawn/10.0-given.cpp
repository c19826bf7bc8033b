/// \file
/// 10.0: what is given around the run queue: the current runtime, and the Park that a service may replace.
#include "counting_park.hpp"

#include <doctest/doctest.h>
#include <rt/block_on.hpp>
#include <rt/current_thread.hpp>
#include <rt/future.hpp>
#include <rt/park.hpp>
#include <rt/scheduler.hpp>
#include <rt/spawn.hpp>
#include <rt/sync.hpp>
#include <support/death.hpp>
#include <support/random.hpp>
#include <support/sanitizers.hpp>
#include <support/story.hpp>
#include <support/test_thread.hpp>
#include <support/trace_log.hpp>

#include <latch>
#include <optional>

using namespace support;
using rt::Ready;

TEST_SUITE("10.0 given: a runtime without its queue") {
    TEST_CASE("spawn outside of a runtime is one sentence") {
        expect_violation(
            "spawn: was used without a runtime. Use it inside a future that runtime.block_on or rt::run runs.",
            [] { rt::spawn(rt::ready()); }, Noticed::in_every_build);
        expect_violation(
            "spawn: was used without a runtime",
            [] {
                rt::block_on(rt::poll_fn([](rt::Context&) -> rt::Poll<void> {
                    rt::spawn(rt::ready());
                    return Ready();
                }));
            },
            Noticed::in_every_build);
        CHECK(rt::try_current() == nullptr);
    }

    TEST_CASE("a spawn on a runtime of another thread is caught") {
        expect_violation("CurrentThread::spawn: was used on another thread", [] {
            rt::CurrentThread runtime;
            TestThread other([&runtime] { runtime.spawn(rt::ready()).detach(); });
            other.join();
        });
    }

    TEST_CASE("a runtime that is left makes the one around it current again") {
        rt::CurrentThread outer;
        rt::CurrentThread inner;
        rt::EnterScheduler entered(outer);
        { rt::EnterScheduler entered_inner(inner); }
        bool const is_outer = rt::try_current() == &outer;
        CHECK(is_outer);
    }

    TEST_CASE("a runtime belongs to the thread that made it") {
        expect_violation("was used on another thread than the one that made it", [] {
            rt::CurrentThread runtime;
            TestThread elsewhere([&] { runtime.block_on(rt::ready()); });
        });
    }

    TEST_CASE("a ParkSlot passes on") {
        CountingPark first;
        CountingPark second;
        rt::ParkSlot slot(&first);
        slot.park(rt::no_wait);
        slot.unpark();
        CHECK(first.looks() == 1);
        CHECK(first.unparks() == 1);
        step("change it to the second");
        slot.change_to(second);
        CHECK(first.unparks() == 2);   // whoever sleeps there is sent out
        CHECK(second.unparks() == 1);  // whoever comes looks once more
        slot.park(rt::no_wait);
        slot.unpark();
        CHECK(first.looks() == 1);
        CHECK(second.looks() == 1);
        CHECK(second.unparks() == 2);
    }

    TEST_CASE("a ParkSlot is changed while a thread sleeps in it") {
        TraceLog log{TraceLog::Kind::park};
        rt::ThreadPark first;
        rt::ThreadPark second;
        log.call(&first, "first");
        log.call(&second, "second");
        rt::ParkSlot slot(&first);
        std::latch out(1);
        TestThread sleeper([&] {
            slot.park(std::nullopt);  // first
            slot.park(std::nullopt);  // second: ended by the change itself
            out.count_down();
            slot.park(std::nullopt);  // second
        });
        log.wait_for(TraceLog::Kind::park, 1);
        step("change the slot");
        slot.change_to(second);
        out.wait();
        step("unpark the slot");
        slot.unpark();
        sleeper.join();
        CHECK_MESSAGE(log.text().rfind("park first") == 0, log.text());  // once, and never again
    }

    TEST_CASE("no unpark is lost while a ParkSlot is changed") {
        int const rounds = under_tsan || under_asan ? 300 : 2000;
        Random random(seed_of_this_run());
        for (int round = 0; round < rounds; ++round) {
            step("round {}", round);
            rt::ThreadPark parks[2];
            rt::ParkSlot slot(&parks[0]);
            rt::Atomic<bool> flag{false};
            int const spins[2] = {random.below(500), random.below(500)};
            std::latch all_here(3);
            TestThread sleeper([&] {
                all_here.arrive_and_wait();
                while (!flag.load(rt::relaxed)) {
                    slot.park(std::nullopt);
                }
            });
            TestThread changer([&] {
                all_here.arrive_and_wait();
                for (int n = 0; n < spins[0]; ++n) {
                    (void)flag.load(rt::relaxed);
                }
                slot.change_to(parks[1]);
            });
            all_here.arrive_and_wait();
            for (int n = 0; n < spins[1]; ++n) {
                (void)flag.load(rt::relaxed);
            }
            flag.store(true, rt::relaxed);
            slot.unpark();
        }
    }
}
