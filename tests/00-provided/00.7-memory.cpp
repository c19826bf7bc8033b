/// \file
/// 00.7: the memory model of the explorer, by programs whose outcomes the C++ standard allows or forbids.
#include "litmus.hpp"

#include <doctest/doctest.h>
#include <rt/sync.hpp>
#include <support/explore/explorer.hpp>
#include <support/explore/sync.hpp>

using explore::Atomic, explore::Cell, explore::expect, explore::Lock, explore::Mutex, explore::search, explore::Thread;
using litmus::Body, litmus::message_passing, litmus::Order, litmus::store_buffering;
using rt::relaxed, rt::acquire, rt::release, rt::acq_rel, rt::seq_cst;

namespace {

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

TEST_SUITE("00.7 the memory of the explorer") {
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

    TEST_CASE("two seq_cst loads of one atomic have an order") {
        auto body = [] {
            Atomic<int> x{0}, y{0}, z{0};
            int a = 0, b = 0;
            Thread writes([&] {
                z.store(1, relaxed);
                x.store(1, relaxed);
                y.store(1, relaxed);
            });
            Thread reads([&] {
                a = y.load(relaxed);
                b = x.load(seq_cst);
            });
            int const c = x.load(seq_cst);
            int const d = z.load(relaxed);
            writes.join();
            reads.join();
            expect(!(a == 1 && b == 0 && c == 1 && d == 0), "the old value came later");
        };
        CHECK(search(body).failed());
        CHECK(search(independent_reads(relaxed, seq_cst)).is_exhausted());
    }

    TEST_CASE("a seq_cst exchange that fails is in the order too") {
        auto body = [] {
            Atomic<int> x{0}, y{0};
            int first = 0;
            Thread other([&] {
                x.store(1, relaxed);
                int expected = 0;
                (void)x.compare_exchange_strong(expected, 2);
                first = y.load();
            });
            y.store(1);
            int const second = x.load();
            other.join();
            expect(first == 1 || second == 1, "neither has seen the other's write");
        };
        CHECK(search(body).is_exhausted());
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
}
