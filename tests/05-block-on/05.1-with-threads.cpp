/// \file
/// 05.1: a thread that parks and a thread that unparks it, at every moment that matters.
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
using rt::Instant;
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
            CHECK(letter == 7);  // what this thread wrote before its unpark
        });
        step("wait until the other thread sleeps");
        log.wait_for(Kind::park, 1);
        step("write a letter, then unpark the other thread");
        letter = 7;
        park.unpark();
        step("wait until it is awake");
        sleeper.join();
        CHECK(log.text() == "park the park\nunpark the park\n");
        CHECK_FALSE(park.has_token());  // the sleeper took it
    }

    TEST_CASE("two threads pass a ball back and forth and never lose it") {
        int const rounds = rounds_of(3000);
        ThreadPark left;
        ThreadPark right;
        int ball = 0;  // needs no atomic, because the tokens order the two threads
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

    TEST_CASE("a token that comes just before the sleep is taken") {
        static ThreadPark park;
        static int waits;
        waits = 0;
        step("park: it finds no token, and an unpark comes before it locks the mutex");
        rt::DrivenLock::before_locking = [] { park.unpark(); };
        DrivenCondvar::instead_of_waiting = [] {
            ++waits;
            park.unpark();
        };
        park.park(std::nullopt);
        DrivenCondvar::instead_of_waiting = nullptr;
        CHECK_MESSAGE(waits == 0,
                      "a token came just before the sleep, and park slept all the same. Announce the sleep by a "
                      "compare_exchange from `empty`, which a token makes fail.");
        CHECK_MESSAGE(!park.has_token(),
                      "park returned and left the token there, so the next park returns too early. Take the token.");
    }

    TEST_CASE("an unpark does not notify before the sleeper waits") {
        constexpr int rounds = 8;  // at each moment
        ThreadPark park;
        DrivenCondvar::instead_of_waiting = &HeldSleeper::wait;
        rt::trace::listen(&HeldSleeper::hear);
        HeldSleeper::missed_it = false;
        step("hold the sleeper at each moment before it waits, and unpark it then");
        for (int round = 0; round % rounds != 0 || HeldSleeper::accesses + 1 >= round / rounds; ++round) {
            HeldSleeper::at = round / rounds;
            HeldSleeper::is_held.store(false);
            HeldSleeper::unparker.store(0);
            HeldSleeper::unpark_returned.store(false);
            TestThread unparker([&] {
                yield_until([] { return HeldSleeper::is_held.load(); });
                HeldSleeper::unparker.store(rt::sys::thread_id());
                park.unpark();
                HeldSleeper::unpark_returned.store(true);
            });
            park.park(std::nullopt);
            rt::AfterAnAccess::hook = nullptr;
        }
        rt::trace::stop_listening(&HeldSleeper::hear);
        DrivenCondvar::instead_of_waiting = nullptr;
        REQUIRE_MESSAGE(DrivenCondvar::notifications.load() > 0,
                        "unpark did not notify the sleeper, so its wait never ends. Notify the condition variable.");
        CHECK_MESSAGE(
            !HeldSleeper::missed_it,
            "unpark notified before the sleeper waited, so the sleeper missed the notification. Look at what the "
            "sleeper holds until it waits.");
    }

    TEST_CASE("what a thread did before its unpark is visible after the park") {
        static ThreadPark park;
        rt::Tokens::unreleased = rt::Tokens::unacquired = rt::Tokens::stores = 0;
        int const locks = rt::DrivenLock::made;
        park.unpark();
        bool const locks_the_mutex = rt::DrivenLock::made > locks;  // so the mutex orders the two threads
        int const put = rt::Tokens::put;
        auto check = [locks_the_mutex] {
            bool const acquires = locks_the_mutex || rt::Tokens::unacquired == 0;
            CHECK_MESSAGE(
                acquires,
                "park took the token without `acquire`, or by a store, so it may not see what the other thread did "
                "before its unpark. Take it with an exchange that acquires.");
            bool const only_exchanges = locks_the_mutex || rt::Tokens::stores == 0;
            CHECK_MESSAGE(
                only_exchanges,
                "park changed the state by a store, which overwrites a token that comes at the same moment. Use "
                "an exchange.");
        };
        step("unpark twice, park");
        park.unpark();
        bool const puts_it_again = locks_the_mutex || rt::Tokens::put > put;
        CHECK_MESSAGE(
            puts_it_again,
            "unpark found a token and left the state as it was, so the thread that takes the token may not see what "
            "the unparking thread did before. Put the token there again, with `release`.");
        CHECK_MESSAGE(rt::Tokens::unreleased == 0,
                      "unpark put the token there without `release`, so the thread that takes it may not see what the "
                      "unparking thread did before. Use `release`.");
        park.park(std::nullopt);
        check();
        step("park: it finds no token, and an unpark comes before it locks the mutex");
        rt::DrivenLock::before_locking = [] { park.unpark(); };
        park.park(soon());
        check();
        step("park, then unpark it while it sleeps");
        DrivenCondvar::instead_of_waiting = [] { park.unpark(); };
        park.park(std::nullopt);
        check();
        step("park until a deadline, and let it pass");
        DrivenCondvar::instead_of_waiting = [] {};
        park.park(Instant());
        DrivenCondvar::instead_of_waiting = nullptr;
        check();
    }

    TEST_CASE("a compare_exchange_weak that fails for no reason does no harm") {
        static ThreadPark park;
        TraceLog log;
        step("park: the first compare_exchange_weak, if there is one, fails. Then unpark it while it sleeps");
        DrivenCondvar::instead_of_waiting = [] { park.unpark(); };
        rt::Tokens::weak_fails = true;
        park.park(std::nullopt);
        rt::Tokens::weak_fails = false;
        DrivenCondvar::instead_of_waiting = nullptr;
        CHECK_MESSAGE(log.count(Kind::park) == 1,
                      "park returned without a token, because a compare_exchange_weak failed for no reason. Use "
                      "compare_exchange_strong where there is no loop.");
        CHECK_FALSE(park.has_token());
    }

    TEST_CASE("a thread that parks in the middle of an unpark is not forgotten") {
        rt::trace::listen(&LateSleeper::hear);
        step("10 times: unpark. After its first access to the state, another thread parks");
        bool is_forgotten = false;
        for (int round = 0; round < 10 && !is_forgotten; ++round) {
            is_forgotten = LateSleeper::is_forgotten();
        }
        rt::trace::stop_listening(&LateSleeper::hear);
        CHECK_MESSAGE(
            !is_forgotten,
            "unpark read the state and put the token there later, so a thread that parked in between sleeps forever. "
            "Read and change the state in one exchange.");
    }

    TEST_CASE("an unpark at the moment of falling asleep is not lost") {
        int const rounds = rounds_of(20000);
        ThreadPark park;
        rt::Atomic<int> going_to_sleep{0};
        FallingAsleep::rounds.store(0);
        rt::trace::listen(&FallingAsleep::hear);
        auto const seed = seed_of_this_run();
        step("{} times: one thread parks, and another unparks it a moment earlier or later", rounds);
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
