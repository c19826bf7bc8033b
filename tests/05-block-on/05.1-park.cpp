#include <doctest/doctest.h>
#include <rt/sync.hpp>
#include <rt/sys_process.hpp>
#include <rt/trace.hpp>
#include <support/random.hpp>
#include <support/story.hpp>
#include <support/test_thread.hpp>
#include <support/trace_log.hpp>

#include <chrono>
#include <ctime>
#include <optional>
#include <utility>

namespace rt {

/// What `Lock` means in park.hpp, below: a lock before which something may happen.
class LateLock : public Lock {
  public:
    template <class... Rest>
    explicit LateLock(Mutex& mutex, Rest... rest) : Lock(late(mutex), rest...) {}

    static inline thread_local void (*happens_before)() = nullptr;  // once

  private:
    static Mutex& late(Mutex& mutex) {
        if (auto* const happens = std::exchange(happens_before, nullptr)) {
            happens();
        }
        return mutex;
    }
};

}  // namespace rt

#define Lock LateLock
#include <rt/park.hpp>
#undef Lock

using namespace support;
using rt::Instant;
using rt::ThreadPark;
using rt::trace::Kind;

namespace {

/// Has passed long ago: a park with this deadline looks for the token, and sleeps for no time if it is not
/// there.
constexpr Instant long_ago{};

/// Says in which round the sleeper is about to wait: it has looked for a token, and found none.
struct FallingAsleep {
    static inline int round = 0;  // touched by the sleeper only
    static inline rt::Atomic<int> rounds{0};

    static void hear(const rt::trace::Event& event) noexcept {
        if (event.kind == Kind::park) {
            rounds.store(round, rt::release);
        }
    }
};

/// Holds a sleeper that has not begun to wait until the unpark has begun, and the first unparker until the
/// second park.
struct LateNotification {
    static inline int rounds_left = 0;
    static inline rt::Atomic<int> parks{0};
    static inline rt::Atomic<int> unparks{0};

    static void hear(const rt::trace::Event& event) noexcept {
        if (event.kind == Kind::park && parks.fetch_add(1) == 0) {
            while (unparks.load() < 1) {
                rt::yield_thread();
            }
        } else if (event.kind == Kind::unpark && unparks.fetch_add(1) == 0) {
            while (parks.load() < 2) {
                rt::yield_thread();
            }
        }
    }
};

/// Holds a sleeper that has the lock, and does not wait yet, until an unparker stands before that lock, or has come
/// back without it.
struct HeldSleeper {
    static inline rt::Atomic<bool> held{false};
    static inline rt::Atomic<int> unparker{0};  // its thread's id, set when it is about to unpark
    static inline rt::Atomic<bool> came_back{false};
    static inline bool too_early = false;  // touched by the sleeper only

    static void hear(const rt::trace::Event& event) noexcept {
        if (event.kind == Kind::park) {
            held.store(true);
            while (unparker.load() == 0) {
                rt::yield_thread();
            }
            while (!came_back.load() && rt::sys::is_runnable(unparker.load())) {
                rt::yield_thread();
            }
            too_early = too_early || came_back.load();
        }
    }
};

std::chrono::nanoseconds cpu_time_of_this_thread() {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

}  // namespace

TEST_SUITE("05.1 park until unparked") {
    TEST_CASE("a wake before the sleep is not lost") {
        TraceLog log;
        ThreadPark park;
        step("unpark");
        park.unpark();
        CHECK(park.has_token());
        step("park: the token is there, so it returns at once");
        park.park(std::nullopt);
        CHECK_FALSE(park.has_token());
        CHECK(log.text() == "");  // nobody slept, nobody was woken
    }

    TEST_CASE("two unparks leave one token") {
        TraceLog log;
        ThreadPark park;
        log.call(&park, "the park");
        step("unpark twice");
        park.unpark();
        park.unpark();
        step("park: takes the token");
        park.park(std::nullopt);
        CHECK_FALSE(park.has_token());
        CHECK(log.count(Kind::park) == 0);
        step("park again, with a deadline that has passed: there is no second token");
        park.park(long_ago);
        CHECK(log.text() == "park the park with a deadline\n");
    }

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

    TEST_CASE("looking around does not sleep") {
        TraceLog log;
        ThreadPark park;
        step("park(no_wait) without a token");
        park.park(rt::no_wait);
        CHECK(log.text() == "");
        step("unpark, park(no_wait): takes the token");
        park.unpark();
        park.park(rt::no_wait);
        CHECK_FALSE(park.has_token());
        CHECK(log.text() == "");
    }

    TEST_CASE("a token that comes after the deadline stays for the next park") {
        TraceLog log;
        ThreadPark park;
        step("park until a moment that has passed");
        park.park(long_ago);
        CHECK_FALSE(park.has_token());
        step("unpark: nobody sleeps any more");
        park.unpark();
        CHECK(park.has_token());
        CHECK(log.count(Kind::unpark) == 0);
        step("park: the token is there");
        park.park(std::nullopt);
        CHECK(log.count(Kind::park) == 1);
    }

    TEST_CASE("a sleep until a deadline lasts that long and burns no processor time") {
        TraceLog log;
        ThreadPark park;
        auto const length = std::chrono::milliseconds(60);
        step("park for 60 ms");
        auto const cpu_before = cpu_time_of_this_thread();
        Instant const deadline = std::chrono::steady_clock::now() + length;
        park.park(deadline);
        auto const burnt = cpu_time_of_this_thread() - cpu_before;
        CHECK(std::chrono::steady_clock::now() >= deadline);
        CHECK(log.count(Kind::park) == 1);
        CHECK(burnt < length / 20);
    }

    TEST_CASE("an unpark ends a sleep that has a deadline") {
        TraceLog log;
        ThreadPark park;
        TestThread sleeper([&] { park.park(Instant::clock::now() + std::chrono::hours(1)); });
        step("wait until the other thread sleeps");
        log.wait_for(Kind::park, 1);
        step("unpark it");
        park.unpark();
        step("wait until it is awake, an hour before its deadline");
        sleeper.join();
        CHECK(log.count(Kind::unpark) == 1);
    }

    TEST_CASE("two threads hand a ball to and fro and never lose it") {
        constexpr int rounds = 3000;
        ThreadPark left;
        ThreadPark right;
        int ball = 0;  // not atomic: the tokens order the two threads
        auto play = [&ball](ThreadPark& mine, ThreadPark& other) {
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
        rt::LateLock::happens_before = [] { park.unpark(); };
        park.park(long_ago);
        CHECK_MESSAGE(!park.has_token(), "park came back and left the token there: it must take what came meanwhile");
    }

    TEST_CASE("an unpark waits until the sleeper waits") {
        ThreadPark park;
        rt::trace::listen(&HeldSleeper::hear);
        step("20 times: hold a sleeper just before it waits, and unpark it");
        for (int round = 0; round < 20; ++round) {
            HeldSleeper::held.store(false);
            HeldSleeper::unparker.store(0);
            HeldSleeper::came_back.store(false);
            TestThread unparker([&] {
                while (!HeldSleeper::held.load()) {
                    rt::yield_thread();
                }
                HeldSleeper::unparker.store(rt::sys::thread_id());
                park.unpark();
                HeldSleeper::came_back.store(true);
            });
            park.park(std::nullopt);
        }
        rt::trace::stop_listening(&HeldSleeper::hear);
        CHECK_MESSAGE(
            !HeldSleeper::too_early,
            "unpark notified before the sleeper waited: nobody heard it, and the sleep would not end; what does "
            "the sleeper hold until it waits?");
    }

    TEST_CASE("an unpark at the very moment of falling asleep is not lost") {
        constexpr int rounds = 20000;
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

    TEST_CASE("a notification that comes late does not end the next sleep") {
        // The first sleeper sees its token before it waits, and parks again; only then does the first
        // unparker get to its notification. It finds a thread that waits for another token.
        LateNotification::rounds_left = 100;
        ThreadPark park;
        rt::Atomic<bool> unparked_twice{false};
        step("100 times: hold the first unpark until the second park");
        while (LateNotification::rounds_left-- > 0) {
            LateNotification::parks.store(0);
            LateNotification::unparks.store(0);
            unparked_twice.store(false);
            rt::trace::listen(&LateNotification::hear);
            TestThread unparker([&] {
                while (LateNotification::parks.load() < 1) {
                    rt::yield_thread();
                }
                park.unpark();
                for (int i = 0; i < 20; ++i) {
                    rt::yield_thread();  // lets the sleeper show whether it woke up by mistake
                }
                unparked_twice.store(true);
                park.unpark();
            });
            park.park(std::nullopt);
            park.park(std::nullopt);
            CHECK(unparked_twice.load());
            unparker.join();
            rt::trace::stop_listening(&LateNotification::hear);
            park.park(long_ago);  // if it did wake up by mistake, there is a token too many
        }
    }
}
