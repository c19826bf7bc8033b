/// \file
/// 00.7: the explorer, by programs whose outcomes the C++ standard allows or forbids.
#include <doctest/doctest.h>
#include <rt/sync.hpp>
#include <support/explore/explorer.hpp>
#include <support/explore/sync.hpp>

#include <chrono>
#include <functional>
#include <stdexcept>
#include <string>

using explore::Atomic, explore::Cell, explore::Condvar, explore::expect, explore::Lock, explore::Mutex, explore::search,
    explore::Thread;
using rt::relaxed, rt::acquire, rt::release, rt::acq_rel, rt::seq_cst;
using Body = std::function<void()>;
using Order = std::memory_order;

namespace {

/// Two threads write, and each reads what the other has written.
Body store_buffering(Order order) {
    return [order] {
        Atomic<int> x{0}, y{0};
        int first = 0;
        Thread other([&] {
            x.store(1, order);
            first = y.load(order);
        });
        y.store(1, order);
        int const second = x.load(order);
        other.join();
        expect(first == 1 || second == 1, "neither has seen the other's write");
    };
}

/// One thread writes data and then a flag. The other one sees the flag.
Body message_passing(Order write, Order read) {
    return [write, read] {
        Cell<int> data(0);
        Atomic<bool> is_there{false};
        Thread other([&] {
            data.set(1);
            is_there.store(true, write);
        });
        if (is_there.load(read)) {
            expect(data.get() == 1, "the data is old");
        }
        other.join();
    };
}

/// Two threads write, and two others see the writes in different orders.
Body independent_reads(Order write, Order read) {
    return [write, read] {
        Atomic<int> x{0}, y{0};
        int a = 0, b = 0;
        Thread first([&] { x.store(1, write); });
        Thread second([&] { y.store(1, write); });
        Thread third([&] {
            a = x.load(read);
            b = y.load(read);
        });
        int const c = y.load(read);
        int const d = x.load(read);
        first.join();
        second.join();
        third.join();
        expect(!(a == 1 && b == 0 && c == 1 && d == 0), "two readers disagree about the order");
    };
}

/// Peterson's lock for two threads, which needs one order of all its accesses.
Body peterson(Order order) {
    return [order] {
        Atomic<int> wants[2]{};
        Atomic<int> last{0};
        Cell<int> data(0);
        auto enter = [&](int me) {
            wants[me].store(1, order);
            last.store(me, order);
            while (wants[1 - me].load(order) == 1 && last.load(order) == me) {
                rt::explored_yield();
            }
            data.set(data.get() + 1);
            wants[me].store(0, order == seq_cst ? seq_cst : release);
        };
        Thread other([&] { enter(1); });
        enter(0);
        other.join();
    };
}

/// An object that the first user makes.
Body double_checked(Order write, Order read) {
    return [write, read] {
        Mutex mutex;
        Atomic<bool> is_made{false};
        Cell<int> object(0);
        auto use = [&] {
            if (!is_made.load(read)) {
                Lock lock(mutex);
                if (!is_made.load(relaxed)) {
                    object.set(1);
                    is_made.store(true, write);
                }
            }
            expect(object.get() == 1, "the object is not made yet");
        };
        Thread other(use);
        use();
        other.join();
    };
}

/// A stack of three nodes. With a count beside the first one, a node that was taken and put back looks new.
Body stack(unsigned count) {
    return [count] {
        Atomic<unsigned> head{1};
        Atomic<unsigned> next[4]{};
        next[1].store(2, relaxed);
        next[2].store(3, relaxed);
        auto pop = [&]() -> unsigned {
            unsigned top = head.load(acquire);
            while (top % 16 != 0 && !head.compare_exchange_strong(
                                        top, next[top % 16].load(relaxed) + top / 16 * 16 + count, acq_rel, acquire)) {}
            return top % 16;
        };
        auto push = [&](unsigned node) {
            unsigned top = head.load(relaxed);
            do {
                next[node].store(top % 16, relaxed);
            } while (!head.compare_exchange_strong(top, node + top / 16 * 16 + count, acq_rel, relaxed));
        };
        unsigned mine = 0, second = 0;
        Thread other([&] { mine = pop(); });
        unsigned const first = pop();
        second = pop();
        push(first);
        other.join();
        unsigned const rest = pop();
        bool const twice = mine != 0 && (mine == second || (mine == first && rest == first));
        expect(!twice && (rest == 0 || rest != second), "two threads have the same node");
    };
}

}  // namespace

TEST_SUITE("00.7 the explorer") {
    TEST_CASE("store buffering") {
        CHECK(search(store_buffering(relaxed)).failed());
        CHECK(search(store_buffering(seq_cst)).is_exhausted());
    }

    TEST_CASE("message passing") {
        CHECK(search(message_passing(relaxed, acquire)).failed());
        CHECK(search(message_passing(release, relaxed)).failed());
        CHECK(search(message_passing(release, acquire)).is_exhausted());
    }

    TEST_CASE("independent reads of independent writes") {
        CHECK(search(independent_reads(release, acquire)).failed());
        CHECK(search(independent_reads(seq_cst, seq_cst)).is_exhausted());
    }

    TEST_CASE("load buffering is allowed but not seen because no load runs ahead of its thread") {
        auto body = [] {
            Atomic<int> x{0}, y{0};
            int first = 0;
            Thread other([&] {
                first = x.load(relaxed);
                y.store(1, relaxed);
            });
            int const second = y.load(relaxed);
            x.store(1, relaxed);
            other.join();
            expect(first == 0 || second == 0, "both have seen a later write");
        };
        CHECK(search(body).is_exhausted());
    }

    TEST_CASE("a release goes on through an exchange of another thread but not through a store") {
        auto body = [](bool exchanges) {
            return [exchanges] {
                Cell<int> data(0);
                Atomic<int> flag{0};
                Thread first([&] {
                    data.set(1);
                    flag.store(1, release);
                });
                Thread second([&] {
                    if (flag.load(relaxed) == 1) {
                        exchanges ? (void)flag.exchange(2, relaxed) : flag.store(2, relaxed);
                    }
                });
                if (flag.load(acquire) == 2) {
                    expect(data.get() == 1, "the data is old");
                }
                first.join();
                second.join();
            };
        };
        CHECK(search(body(true)).is_exhausted());
        CHECK(search(body(false)).failed());
    }

    TEST_CASE("Peterson's lock") {
        CHECK(search(peterson(seq_cst)).is_exhausted());
        CHECK(search(peterson(relaxed)).failed());
    }

    TEST_CASE("double-checked locking") {
        CHECK(search(double_checked(release, acquire)).is_exhausted());
        CHECK(search(double_checked(relaxed, acquire)).failed());
        CHECK(search(double_checked(release, relaxed)).failed());
    }

    TEST_CASE("a stack whose node comes back") {
        CHECK(search(stack(0)).failed());
        CHECK(search(stack(16)).is_exhausted());
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

    TEST_CASE("a wait with a deadline ends at last and may be notified before") {
        bool in_time = false, late = false;
        auto body = [&] {
            Mutex mutex;
            Condvar condvar;
            Thread other([&] { condvar.notify_all(); });
            {
                Lock lock(mutex);
                bool const is_late = condvar.wait_for(lock, std::chrono::seconds(1)) == rt::CondvarStatus::timeout;
                (is_late ? late : in_time) = true;
            }
            other.join();
        };
        CHECK(search(body).is_exhausted());
        CHECK(in_time);
        CHECK(late);
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
