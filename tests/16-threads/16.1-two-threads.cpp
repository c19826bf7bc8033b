/// \file
/// 16.1: two threads at one queue, in every order, and the memory orders that they need.
#include "numbered_tasks.hpp"
#include "stepped_deque.hpp"

#include <doctest/doctest.h>
#include <rt/injection.hpp>
#include <rt/runnable.hpp>
#include <rt/sync.hpp>
#include <rt/violation.hpp>
#include <support/stepped_atomic.hpp>
#include <support/story.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

using namespace support;
using Deque = rt::SteppedDeque;

namespace {

/// The queue of one worker, a thief, and a second thief.
struct Workers {
    explicit Workers(int count) {
        if (count <= 1) {
            tasks.fill_with_a_stranger(owner, overflow);
        }
        for (int n = 0; n < count; ++n) {
            push();
        }
    }

    void push() { owner.push(tasks.next(), overflow); }
    void pop(int times = 1) {
        for (int n = 0; n < times; ++n) {
            has_found = tasks.take(owner.pop()) >= 0;
        }
    }
    void steal() { has_found = tasks.take(thief.steal_from(owner)) >= 0; }

    bool has_found = true;  // by the last pop or theft that has ended

    NumberedTasks tasks;
    rt::InjectionQueue overflow;
    Deque owner;
    Deque thief;
    Deque second_thief;
};

/// Ends the program, because a cancelled task has given up a reference that its other Runnable needs.
void ends_if_cancelled(const NumberedTasks& tasks) {
    if (tasks.is_any_cancelled()) {
        rt::violation(
            "a Runnable was destroyed, which cancelled its task, but another thread had taken that task. Call `from_raw` only "
            "after the exchange has succeeded.");
    }
}

/// How many moments `call` has if no other thread comes.
template <class Call>
int moments_of(int tasks, Call call) {
    Workers workers(tasks);
    Steps::between([](int, auto&) {}, [&] { call(workers); });
    return Steps::accesses;
}

/// Calls `call`, and plays `other` at each moment of it: after its first access, after its second one, and so on. Of a long
/// call, only the first and the last moments. Then takes out all tasks, and expects each one exactly once. `other` leaves one
/// of three tasks, so `call` must find a task if there were three.
template <class Call, class Other>
void at_each_moment(int tasks, Call call, Other other) {
    int moments = moments_of(tasks, call);
    bool const is_long = moments > 40;
    for (int at = 0; at <= moments; ++at) {
        if (is_long && at == 5) {
            at = moments - 5;
        }
        Workers workers(tasks);
        Steps::between(
            [&](int access, auto&) {
                if (access == at) {
                    other(workers);
                }
                if (access == 20'000) {
                    rt::violation(
                        "one call copies more tasks than the queue ever held, or it tries without end. In each round, load the "
                        "head first, and then the tail.");
                }
            },
            [&] { call(workers); });
        bool const has_found = workers.has_found;
        if (!is_long) {
            moments = Steps::accesses;
        }
        workers.tasks.drain(workers.owner);
        workers.tasks.drain(workers.thief);
        workers.tasks.drain(workers.second_thief);
        workers.tasks.drain(workers.overflow);
        ends_if_cancelled(workers.tasks);
        INFO("the other thread came after access " << at << " of " << moments);
        REQUIRE_MESSAGE(
            (has_found || tasks < 3),
            "the call found no task, but one was in the queue all the time. If the exchange fails, another thread "
            "was faster. Load head and tail again, and try again.");
        REQUIRE_MESSAGE(workers.tasks.strangers() == 0,
                        "a slot was read before a task was in it. Store the task first, and then the tail.");
        REQUIRE_MESSAGE(
            workers.tasks.taken_twice() == 0,
            "two threads took the same task. Copy the slots first. The copies are yours only if the exchange "
            "of the head then succeeds.");
        REQUIRE_MESSAGE(workers.tasks.lost() == 0, "a task is in no queue any more, so it will never run");
        still_alive();
    }
}

void pop_one(Workers& w) { w.pop(); }
void pop_two(Workers& w) { w.pop(2); }
void push_one(Workers& w) { w.push(); }
void steal(Workers& w) { w.steal(); }
void second_steal(Workers& w) { w.tasks.take(w.second_thief.steal_from(w.owner)); }

enum Member { head, tail, slot };

/// An access to one member of a queue.
struct Seen {
    Member member;
    bool writes;
    std::memory_order order;
};

/// The accesses of `call` to `deque`, whose head is its first member. The tail is on the next cache line, before the slots.
template <class Call>
std::vector<Seen> accesses_of(const Deque& deque, Call call, void (*other)(Workers&) = nullptr,
                              Workers* workers = nullptr) {
    static thread_local std::vector<Seen> seen;
    static thread_local std::uintptr_t begin = 0;
    seen.clear();
    begin = reinterpret_cast<std::uintptr_t>(&deque);
    Steps::on_access = [](const Access& access) {
        std::uintptr_t const offset = reinterpret_cast<std::uintptr_t>(access.atomic) - begin;
        if (offset < sizeof(Deque)) {
            seen.push_back({offset == 0 ? head : offset == 64 ? tail : slot, access.writes, access.order});
        }
    };
    Steps::between(
        [&, watch = Steps::on_access](int access, auto&) {
            if (access == 2 && other != nullptr) {
                Steps::on_access = nullptr;  // only the accesses of `call` are looked at
                other(*workers);
                Steps::on_access = watch;
            }
        },
        call);
    Steps::on_access = nullptr;
    return seen;
}

/// How many writes to `member` there are, and how many of them release.
int writes(const std::vector<Seen>& seen, Member member) {
    int count = 0;
    for (const Seen& each : seen) {
        count += each.member == member && each.writes;
    }
    return count;
}
bool all_release(const std::vector<Seen>& seen, Member member) {
    bool all = true;
    for (const Seen& each : seen) {
        all = all && (each.member != member || !each.writes || releases(each.order));
    }
    return all;
}
/// True if the first access to `member` acquires.
bool first_acquires(const std::vector<Seen>& seen, Member member) {
    for (const Seen& each : seen) {
        if (each.member == member) {
            return acquires(each.order);
        }
    }
    return false;
}
/// True if the last load of the head before each access to `member` acquires.
bool head_acquires_before(const std::vector<Seen>& seen, Member member) {
    bool all = true;
    bool is_acquired = false;
    for (const Seen& each : seen) {
        if (each.member == head) {
            is_acquired = acquires(each.order);
        }
        all = all && (each.member != member || is_acquired);
    }
    return all;
}

}  // namespace

TEST_SUITE("16.1 the queue of a worker") {
    TEST_CASE("the owner pops while a thief steals") {
        for (int tasks : {1, 2, 5}) {
            step("pop one of {} tasks, and a thief comes at each moment", tasks);
            at_each_moment(tasks, pop_one, steal);
        }
    }

    TEST_CASE("a thief steals while the owner pops") {
        for (int tasks : {1, 2, 3, 5}) {
            step("steal from a queue of {} tasks, and the owner pops one at each moment", tasks);
            at_each_moment(tasks, steal, pop_one);
            step("the owner pops two");
            at_each_moment(tasks, steal, pop_two);
        }
    }

    TEST_CASE("a thief steals while the owner pops what it pushes") {
        step("steal from a queue of three tasks. The owner pushes two and pops four at each moment");
        at_each_moment(3, steal, [](Workers& w) {
            w.push();
            w.push();
            w.pop(4);
        });
    }

    TEST_CASE("two thieves want the same tasks") {
        for (int tasks : {1, 2, 5}) {
            step("steal from a queue of {} tasks, and a second thief comes at each moment", tasks);
            at_each_moment(tasks, steal, second_steal);
        }
    }

    TEST_CASE("the owner pushes while a thief steals") {
        for (int tasks : {0, 1}) {
            step("push to a queue of {} tasks, and a thief comes at each moment", tasks);
            at_each_moment(tasks, push_one, steal);
        }
    }

    TEST_CASE("a thief steals while the owner pushes") {
        for (int tasks : {0, 1, 4}) {
            step("steal from a queue of {} tasks, and the owner pushes one at each moment", tasks);
            at_each_moment(tasks, steal, push_one);
        }
    }

    TEST_CASE("the owner uses a slot again while a thief reads it") {
        step("steal from a queue that is full. The owner pushes one more, into the oldest slot");
        at_each_moment(256, steal, push_one);
    }

    TEST_CASE("a full queue gets room from a thief") {
        step("push to a queue that is full, and a thief comes at each moment");
        at_each_moment(256, push_one, steal);
    }

    TEST_CASE("a thief steals while the indices go once round the ring") {
        step("steal from a queue of three tasks. The owner pushes 300 and pops 300 at each moment");
        at_each_moment(3, steal, [](Workers& w) {
            for (int n = 0; n < 300; ++n) {
                w.push();
                w.pop();
            }
        });
    }

    TEST_CASE("what a thief has copied is its own only after the exchange") {
        step("steal from a queue of five. The owner pops one, and a second thief steals from the first one");
        at_each_moment(5, steal, [](Workers& w) {
            w.pop();
            w.tasks.take(w.second_thief.steal_from(w.thief));
        });
    }

    TEST_CASE("a weak exchange that fails for no reason") {
        Workers workers(1);
        step("some processors let compare_exchange_weak fail now and then");
        Steps::next_weak_fails = true;
        int const popped = workers.tasks.take(workers.owner.pop());
        Steps::next_weak_fails = false;
        CHECK_MESSAGE(popped == 0, "a weak exchange failed for no reason. Try again.");
        workers.push();
        Steps::next_weak_fails = true;
        workers.steal();
        Steps::next_weak_fails = false;
        CHECK_MESSAGE(workers.tasks.lost() == 0, "a weak exchange failed for no reason. Try again.");
    }

    TEST_CASE("the memory orders of a push") {
        Workers workers(1);
        auto seen = accesses_of(workers.owner, [&] { workers.push(); });
        CHECK_MESSAGE(
            (writes(seen, tail) == 1 && seen.back().order == rt::seq_cst),
            "the last access of a push stores the tail. It publishes the task, and the caller looks for a sleeper next. "
            "All threads must agree on the order of these two, so the store must be seq_cst.");
        CHECK_MESSAGE(
            first_acquires(seen, head),
            "a thief moved the head after it had read the slots. Acquire the head before you use a slot again.");
    }

    TEST_CASE("the memory orders of a push and of a theft that begin again") {
        Workers full(256);
        step("push to a queue that is full. A thief makes room after the first look at the head");
        auto of_push = accesses_of(full.owner, [&] { full.push(); }, steal, &full);
        CHECK_MESSAGE(
            head_acquires_before(of_push, slot),
            "the push uses a slot that a thief has read. Acquire the head in each round, before you use the slot.");
        Workers five(5);
        step("steal from a queue of five. The owner pops one after the look at head and tail");
        auto of_theft = accesses_of(five.owner, [&] { five.steal(); }, pop_one, &five);
        CHECK_MESSAGE(
            head_acquires_before(of_theft, tail),
            "the theft uses a head that it has not acquired, so the tail may be an older one. Acquire the head in each "
            "round, before you load the tail.");
    }

    TEST_CASE("the memory orders of a pop") {
        Workers workers(2);
        auto seen = accesses_of(workers.owner, [&] { workers.pop(); });
        CHECK(writes(seen, head) == 1);
        CHECK_MESSAGE(all_release(seen, head),
                      "a thief that sees the new head must see the tail that the owner saw. Release the head.");
    }

    TEST_CASE("the memory orders of a theft") {
        Workers workers(3);
        auto of_victim = accesses_of(workers.owner, [&] { workers.steal(); });
        CHECK_MESSAGE(
            first_acquires(of_victim, tail),
            "the owner stored the tasks and then the tail. Acquire the tail, or you may copy what was there before.");
        CHECK(writes(of_victim, head) == 1);
        CHECK_MESSAGE(
            all_release(of_victim, head),
            "the owner uses the slots again when it sees the new head. Release the head, so that your copies come "
            "first.");
        Workers again(3);
        auto of_thief = accesses_of(again.thief, [&] { again.steal(); });
        CHECK(writes(of_thief, tail) == 1);
        CHECK_MESSAGE(all_release(of_thief, tail),
                      "another thief may take the tasks from here. Release the tail, so that it sees them.");
    }
}
