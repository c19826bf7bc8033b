/// \file
/// 00.7: what the explorer tries, and what it says.
#include "litmus.hpp"

#include <doctest/doctest.h>
#include <rt/sync.hpp>
#include <support/explore/explorer.hpp>
#include <support/explore/sync.hpp>

#include <chrono>
#include <stdexcept>
#include <string>

using explore::Atomic, explore::Cell, explore::Condvar, explore::expect, explore::Lock, explore::Mutex, explore::search,
    explore::Thread;
using litmus::message_passing, litmus::store_buffering;
using rt::relaxed, rt::acquire, rt::release, rt::seq_cst;

TEST_SUITE("00.7 the explorer") {
    TEST_CASE("an order that a yield forces is not left out") {
        auto body = [] {
            Atomic<int> a{0}, x{0};
            int first = 1, second = 1;
            Thread other([&] {
                first = x.load();
                if (first == 0) {
                    rt::explored_yield();
                    second = x.load();
                }
            });
            a.store(1);
            x.store(1);
            other.join();
            expect(first == 1 || second == 1, "it is old both times");
        };
        CHECK(search(body).failed());
    }

    TEST_CASE("a body that does something else each time is not exhausted") {
        int runs = 0;
        auto body = [&runs] {
            Atomic<int> x{0};
            auto write = [&x] { x.store(1); };
            Thread other(write);
            Thread third;
            if (++runs % 2 == 0) {
                third = Thread(write);
            }
            x.store(2);
            other.join();
            if (third.joinable()) {
                third.join();
            }
        };
        CHECK(search(body).why == "not exhausted: the body does something else when it runs again");
    }

    TEST_CASE("locks in two orders") {
        auto body = [](bool same) {
            return [same] {
                Mutex a, b;
                Thread other([&] {
                    Lock first(a);
                    Lock second(b);
                });
                {
                    Lock first(same ? a : b);
                    Lock second(same ? b : a);
                }
                other.join();
            };
        };
        CHECK(search(body(true)).is_exhausted());
        explore::Result const found = search(body(false));
        CHECK(found.why == "a deadlock: every thread waits for another one. Was a wake lost?");
        CHECK(found.preemptions == 1);
    }

    TEST_CASE("a wait without a loop is woken for no reason and one without a condition sleeps for good") {
        auto body = [](bool looks, bool goes_on) {
            return [looks, goes_on] {
                Mutex mutex;
                Condvar condvar;
                bool is_there = false;
                Thread other([&] {
                    Lock lock(mutex);
                    is_there = true;
                    condvar.notify_one();
                });
                {
                    Lock lock(mutex);
                    if (!looks || !is_there) {
                        do {
                            condvar.wait(lock);
                        } while (goes_on && !is_there);
                    }
                    expect(is_there, "it was woken too early");
                }
                other.join();
            };
        };
        CHECK(search(body(true, true)).is_exhausted());
        CHECK(search(body(true, false)).why == "it was woken too early");
        CHECK(search(body(false, true)).why == "a deadlock: every thread waits for another one. Was a wake lost?");
    }

    TEST_CASE("a wait with a deadline has every combination of a notification and a time that is up") {
        bool seen[2][2] = {};
        auto body = [&] {
            Mutex mutex;
            Condvar condvar;
            bool is_notified = false;
            Thread other([&] {
                Lock lock(mutex);
                is_notified = true;
                condvar.notify_all();
            });
            {
                Lock lock(mutex);
                bool const is_late = condvar.wait_for(lock, std::chrono::seconds(1)) == rt::CondvarStatus::timeout;
                seen[is_notified ? 1 : 0][is_late ? 1 : 0] = true;
            }
            other.join();
        };
        CHECK(search(body).is_exhausted());
        CHECK((seen[0][0] && seen[0][1] && seen[1][0] && seen[1][1]));
    }

    TEST_CASE("a thread that spins goes on when the time of another one is up") {
        auto body = [] {
            Mutex mutex;
            Condvar condvar;
            Atomic<bool> is_over{false};
            Thread other([&] {
                Lock lock(mutex);
                (void)condvar.wait_for(lock, std::chrono::seconds(1));
                is_over.store(true);
            });
            while (!is_over.load()) {
                rt::explored_yield();
            }
            other.join();
        };
        CHECK(search(body).is_exhausted());
        CHECK(search(body, {.surprises = 0}).is_exhausted());
    }

    TEST_CASE("a weak exchange may fail once for no reason") {
        auto body = [] {
            Atomic<int> word{0};
            int expected = 0;
            expect(word.compare_exchange_weak(expected, 1), "it failed");
        };
        CHECK(search(body).why == "it failed");
        CHECK(search(body, {.surprises = 0}).is_exhausted());
    }

    TEST_CASE("a loop that waits without a yield reaches a limit and that is no pass") {
        auto body = [](bool yields) {
            return [yields] {
                Atomic<bool> is_there{false};
                Thread other([&] { is_there.store(true, release); });
                while (!is_there.load(acquire)) {
                    if (yields) {
                        rt::explored_yield();
                    }
                }
                other.join();
            };
        };
        CHECK(search(body(true)).is_exhausted());
        explore::Result const endless = search(body(false), {.steps = 100});
        CHECK(endless.end == explore::Result::End::limit);
        CHECK(endless.why.starts_with("not exhausted: an execution has too many operations."));
        CHECK(search(store_buffering(seq_cst), {.executions = 2}).end == explore::Result::End::limit);
    }

    TEST_CASE("the story has the fewest preemptions and can be played again") {
        explore::Result const found = search(message_passing(relaxed, acquire));
        CHECK(found.preemptions == 1);
        CHECK(found.story.find("is_there.store(true, write);") != std::string::npos);
        CHECK(found.story.find("expect(data.get() == 1") != std::string::npos);
        explore::Result const again = explore::replay(message_passing(relaxed, acquire), found.order);
        CHECK(again.story == found.story);
        CHECK(again.executions == 1);
        CHECK(search(message_passing(relaxed, acquire), {.preemptions = 0}).is_exhausted());
    }

    TEST_CASE("random orders find it too and the same seed finds the same") {
        explore::Result const found = explore::search_at_random(store_buffering(relaxed), 1);
        CHECK(found.failed());
        CHECK(explore::search_at_random(store_buffering(relaxed), 1).story == found.story);
        CHECK(explore::search_at_random(store_buffering(seq_cst), 1, {.executions = 200}).end ==
              explore::Result::End::limit);
    }

    TEST_CASE("a cell that another thread may not know yet and a thread that nobody joins") {
        auto published = [] {
            Cell<int> cell(0);
            Atomic<Cell<int>*> place{nullptr};
            Thread other([&] {
                if (Cell<int>* found = place.load(relaxed)) {
                    (void)found->get();
                }
            });
            Cell<int> young(5);
            place.store(&young, relaxed);
            other.join();
        };
        CHECK(search(published).failed());
        CHECK(search([] { Thread forgotten([] {}); }).why ==
              "a thread was not joined. Join it before its locals are gone.");
    }

    TEST_CASE("an exception that leaves a thread is a failure") {
        auto body = [] {
            Thread other([] { throw std::runtime_error("no"); });
            other.join();
        };
        CHECK(search(body).why == "an exception has left a thread");
    }

    TEST_CASE("outside of an execution the classes are ordinary ones") {
        Atomic<int> word{1};
        Mutex mutex;
        Condvar condvar;
        bool is_there = false;
        Thread other([&] {
            Lock lock(mutex);
            is_there = true;
            condvar.notify_one();
        });
        {
            Lock lock(mutex);
            condvar.wait(lock, [&] { return is_there; });
        }
        other.join();
        int expected = 2;
        CHECK_FALSE(word.compare_exchange_strong(expected, 3));
        CHECK(word.exchange(4) == 1);
        CHECK(word.fetch_add(1) == 4);
        CHECK(--word == 4);
    }
}
