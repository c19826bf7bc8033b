/// \file
/// 05.1: a park and the threads that wake it, at each moment that matters.
#include "driven_park.hpp"
#include "sleepers.hpp"

#include <doctest/doctest.h>
#include <observe/sys_observe.hpp>
#include <rt/sync.hpp>
#include <rt/trace.hpp>
#include <support/random.hpp>
#include <support/story.hpp>
#include <support/test_thread.hpp>
#include <support/trace_log.hpp>

#include <optional>

using namespace support;
using rt::DrivenCondvar;
using rt::ThreadPark;
using rt::trace::Kind;

TEST_SUITE("05.1 park until unparked") {
    TEST_CASE("a sleeping thread is woken from another thread") {
        TraceLog log;
        ThreadPark park;
        log.call(&park, "the park");
        int letter = 0;
        TestThread sleeper([&] {
            park.park(std::nullopt);
            CHECK(letter == 7);  // what was written before the unpark is seen after the park
        });
        step("wait until the other thread sleeps");
        log.wait_for(Kind::park, 1);
        step("write a letter, and unpark it");
        letter = 7;
        park.unpark();
        step("wait until it is awake");
        sleeper.join();
        CHECK(log.text() == "park the park\nunpark the park\n");
        CHECK_FALSE(park.has_token());  // the sleeper took it along
    }

    TEST_CASE("two threads hand a ball to and fro and never lose it") {
        int const rounds = rounds_of(3000);
        ThreadPark left;
        ThreadPark right;
        int ball = 0;  // not atomic: the tokens order the two threads
        auto play = [&ball, rounds](ThreadPark& mine, ThreadPark& other) {
            for (int i = 0; i < rounds; ++i) {
                mine.park(std::nullopt);
                ++ball;
                still_alive();
                other.unpark();
            }
        };
        step("play {} rounds", rounds);
        left.unpark();
        {
            TestThread first([&] { play(left, right); });
            TestThread second([&] { play(right, left); });
        }
        CHECK(ball == 2 * rounds);
    }

    TEST_CASE("a token that comes between the look and the lock is taken") {
        static ThreadPark park;
        step("park, and unpark as soon as it has looked for the token, and has not locked yet");
        rt::DrivenLock::happens_before = [] { park.unpark(); };
        park.park(soon());
        CHECK_MESSAGE(!park.has_token(), "park came back and left the token there: it must take what came meanwhile");
    }

    TEST_CASE("an unpark waits until the sleeper waits") {
        constexpr int rounds = 8;  // of each moment
        ThreadPark park;
        DrivenCondvar::instead_of_waiting = &HeldSleeper::wait;
        rt::trace::listen(&HeldSleeper::hear);
        HeldSleeper::is_deaf = false;
        step("hold a sleeper at each moment before it waits, and unpark it");
        for (int round = 0; round % rounds != 0 || HeldSleeper::accesses + 1 >= round / rounds; ++round) {
            HeldSleeper::at = round / rounds;
            HeldSleeper::held.store(false);
            HeldSleeper::unparker.store(0);
            HeldSleeper::came_back.store(false);
            TestThread unparker([&] {
                yield_until([] { return HeldSleeper::held.load(); });
                HeldSleeper::unparker.store(rt::sys::thread_id());
                park.unpark();
                HeldSleeper::came_back.store(true);
            });
            park.park(std::nullopt);
            rt::AfterAnAccess::happens = nullptr;
        }
        rt::trace::stop_listening(&HeldSleeper::hear);
        DrivenCondvar::instead_of_waiting = nullptr;
        CHECK_MESSAGE(
            !HeldSleeper::is_deaf,
            "unpark notified before the sleeper waited: nobody heard it, and the sleep would not end; what does "
            "the sleeper hold until it waits?");
    }

    TEST_CASE("what was done before an unpark is seen after the park") {
        static ThreadPark park;
        rt::Tokens::hidden = rt::Tokens::blind = 0;
        step("unpark, park");
        int const locks = rt::DrivenLock::made;
        park.unpark();
        bool const does_all_under_the_lock = rt::DrivenLock::made > locks;
        park.park(std::nullopt);
        CHECK_MESSAGE(rt::Tokens::hidden == 0,
                      "unpark put the token down without `release`: what its thread did before need not be seen by "
                      "the one that it unparks");
        step("park, and unpark as soon as it has looked for the token, and has not locked yet");
        rt::DrivenLock::happens_before = [] { park.unpark(); };
        park.park(soon());
        step("park, and unpark while it sleeps");
        DrivenCondvar::instead_of_waiting = [] { park.unpark(); };
        park.park(std::nullopt);
        DrivenCondvar::instead_of_waiting = nullptr;
        CHECK_MESSAGE((does_all_under_the_lock || rt::Tokens::blind == 0),
                      "park took the token without `acquire`, or by a store, which sees nothing: what was done before "
                      "an unpark need not be seen then; state_.exchange(empty, acquire)");
    }

    TEST_CASE("a compare_exchange_weak that fails for nothing does no harm") {
        static ThreadPark park;
        TraceLog log;
        step("park, and unpark while it sleeps; the first compare_exchange_weak, if there is one, fails for nothing");
        DrivenCondvar::instead_of_waiting = [] { park.unpark(); };
        rt::Tokens::weak_fails = true;
        park.park(std::nullopt);
        rt::Tokens::weak_fails = false;
        DrivenCondvar::instead_of_waiting = nullptr;
        CHECK_MESSAGE(log.count(Kind::park) == 1,
                      "park came back and there was no token: compare_exchange_weak may fail for no reason; where no "
                      "loop is around it, take compare_exchange_strong");
        CHECK_FALSE(park.has_token());
    }

    TEST_CASE("a sleeper that comes in the middle of an unpark is not forgotten") {
        rt::trace::listen(&LateSleeper::hear);
        step("up to 10 times: let a sleeper in as soon as unpark has touched the state for the first time");
        bool is_forgotten = false;
        for (int round = 0; round < 10 && !is_forgotten; ++round) {
            is_forgotten = LateSleeper::is_forgotten();
        }
        rt::trace::stop_listening(&LateSleeper::hear);
        CHECK_MESSAGE(
            !is_forgotten,
            "unpark looked whether somebody is parked, and put the token down after that: who went to sleep in "
            "between is never woken; exchange does both at once");
    }

    TEST_CASE("an unpark at the very moment of falling asleep is not lost") {
        int const rounds = rounds_of(20000);
        ThreadPark park;
        rt::Atomic<int> going_to_sleep{0};
        FallingAsleep::rounds.store(0);
        rt::trace::listen(&FallingAsleep::hear);
        auto const seed = seed_of_this_run();
        step("{} times: one thread parks, the other unparks it a moment earlier or later", rounds);
        TestThread other([&] {
            Random random(seed);
            for (int round = 1; round <= rounds; ++round) {
                if (round % 2 == 0) {
                    spin_until([&] { return going_to_sleep.load(rt::acquire) >= round; });
                } else {
                    spin_until([&] { return FallingAsleep::rounds.load(rt::acquire) >= round; });
                }
                dawdle(random.below(30));
                park.unpark();
            }
        });
        Random random(seed + 1);
        for (int round = 1; round <= rounds; ++round) {
            FallingAsleep::round = round;
            going_to_sleep.store(round, rt::release);
            dawdle(random.below(30));
            park.park(std::nullopt);
            still_alive();
        }
        other.join();
        rt::trace::stop_listening(&FallingAsleep::hear);
        CHECK_FALSE(park.has_token());
    }
}
