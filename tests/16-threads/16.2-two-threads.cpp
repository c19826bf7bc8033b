/// \file
/// 16.2: two threads at the counts of the workers, in every order.
#include "stepped_idle.hpp"

#include <doctest/doctest.h>
#include <rt/sync.hpp>
#include <support/stepped_atomic.hpp>
#include <support/story.hpp>

#include <optional>

using namespace support;
using Idle = rt::SteppedIdle;

namespace {

/// Begins with `Idle idle(workers)` and `begin(idle)`. Then plays `other(idle)` at each moment of `call(idle)`, and calls
/// `check(idle)` afterwards.
template <class Begin, class Call, class Other, class Check>
void at_each_moment(unsigned workers, Begin begin, Call call, Other other, Check check) {
    int moments = 0;
    for (int at = 0; at <= moments; ++at) {
        Idle idle(workers);
        begin(idle);
        moments = play(at, [&] { call(idle); }, [&] { other(idle); });
        INFO("the other thread came after access " << at << " of " << moments);
        check(idle);
        still_alive();
    }
}

/// Does the same with an `other` that needs no lock. So it comes while `call` holds the lock, too.
template <class Begin, class Call, class Other, class Check>
void at_each_moment_without_lock(unsigned workers, Begin begin, Call call, Other other, Check check) {
    int moments = 0;
    for (int at = 0; at <= moments; ++at) {
        Idle idle(workers);
        begin(idle);
        auto meet = [&](int access, auto&) {
            if (access == at) {
                other(idle);
            }
        };
        Steps::between(meet, [&] { call(idle); });
        moments = Steps::accesses;
        INFO("the other thread came after access " << at << " of " << moments);
        check(idle);
        still_alive();
    }
}

void two_search(Idle& idle) {
    idle.begin_search();
    idle.begin_search();
}
void two_sleep(Idle& idle) {
    (void)idle.fall_asleep(1, false);
    (void)idle.fall_asleep(2, false);
}

int writes_without_lock = 0;
int weak_writes = 0;

/// Calls `call`, and counts its writes to the word: those without the lock, and those that are not seq_cst.
template <class Call>
void count_writes(Call call) {
    writes_without_lock = 0;
    weak_writes = 0;
    Steps::on_access = [](const Access& access) {
        writes_without_lock += access.writes && idle_locks == 0;
        weak_writes += access.writes && access.order != rt::seq_cst;
    };
    call();
    Steps::on_access = nullptr;
}

}  // namespace

TEST_SUITE("16.2 idle workers") {
    TEST_CASE("the list and the word change under one lock") {
        Idle idle(3);
        constexpr char locked[] =
            "the word says that a worker sleeps, but the list does not have it yet, or not any more. Change both under the "
            "lock.";
        step("worker 1 falls asleep");
        count_writes([&] { (void)idle.fall_asleep(1, false); });
        CHECK_MESSAGE(writes_without_lock == 0, locked);
        step("it is chosen");
        count_writes([&] { idle.choose_sleeper(); });
        CHECK_MESSAGE(writes_without_lock == 0, locked);
    }

    TEST_CASE("two threads make work at once and wake one sleeper") {
        std::optional<unsigned> mine;
        std::optional<unsigned> others;
        step("workers 1 and 2 sleep. Choose a sleeper, and another thread does so at each moment");
        at_each_moment(
            3, two_sleep, [&](Idle& idle) { mine = idle.choose_sleeper(); },
            [&](Idle& idle) { others = idle.choose_sleeper(); },
            [&](Idle& idle) {
                CHECK_MESSAGE(
                    mine.has_value() != others.has_value(),
                    "one searcher is enough, but two sleepers were woken. Look at the word once more under the "
                    "lock.");
                CHECK(idle.awake_count() == 2);
            });
    }

    TEST_CASE("work is made while a worker falls asleep") {
        std::optional<unsigned> chosen;
        step("worker 1 falls asleep, and another thread chooses a sleeper at each moment");
        at_each_moment(
            2, [](Idle&) {}, [](Idle& idle) { (void)idle.fall_asleep(1, false); },
            [&](Idle& idle) { chosen = idle.choose_sleeper(); },
            [&](Idle& idle) { CHECK(idle.wake_up(1) == chosen.has_value()); });
    }

    TEST_CASE("a worker begins to search while others change the counts") {
        step("a worker begins to search, and another one falls asleep at each moment");
        at_each_moment(
            4, [](Idle&) {}, [](Idle& idle) { idle.begin_search(); },
            [](Idle& idle) { (void)idle.fall_asleep(1, false); },
            [](Idle& idle) {
                CHECK_MESSAGE(
                    idle.awake_count() == 3,
                    "one of two changes of the word is lost. Change it in one step, with fetch_add or fetch_sub.");
            });
        constexpr char lost[] =
            "a worker searches, but the word has lost it. Change the word in one step, with fetch_add or fetch_sub.";
        bool searches = false;
        auto begin_search = [&](Idle& idle) { searches = idle.begin_search(); };
        step("a worker falls asleep, and another one, which needs no lock, begins to search at each moment");
        at_each_moment_without_lock(
            4, [](Idle&) {}, [](Idle& idle) { (void)idle.fall_asleep(1, false); }, begin_search,
            [&](Idle& idle) {
                bool const needs_no_other = !searches || !idle.choose_sleeper().has_value();
                CHECK_MESSAGE(needs_no_other, lost);
            });
        step("a sleeper is chosen, and another worker begins to search at each moment");
        at_each_moment_without_lock(
            8, two_sleep, [](Idle& idle) { idle.choose_sleeper(); }, begin_search,
            [&](Idle& idle) {
                bool const was_chosen = idle.awake_count() == 7;  // and then there are two searchers
                CHECK_MESSAGE(idle.end_search() != was_chosen, lost);
            });
    }

    TEST_CASE("a searcher that falls asleep changes both counts at once") {
        bool was_last = false;
        unsigned awake = 0;
        step("two of four workers search. One falls asleep, and the other one finds work at each moment");
        at_each_moment_without_lock(
            4, two_search, [](Idle& idle) { (void)idle.fall_asleep(0, true); },
            [&](Idle& idle) {
                was_last = idle.end_search();
                awake = idle.awake_count();
            },
            [&](Idle&) {
                CHECK_MESSAGE(
                    (!was_last || awake == 3),
                    "the word counts this worker as a searcher no more, but still as awake. A thread that makes "
                    "work now wakes no worker. Change both counts in one operation.");
            });
    }

    TEST_CASE("two searchers stop while a third worker asks whether it may search") {
        bool is_told = false;
        std::optional<unsigned> chosen;
        step("two of four workers search. A third one asks, and both stop at each moment. Then work comes");
        auto begin = [](Idle& idle) {
            (void)idle.fall_asleep(3, false);
            two_search(idle);
        };
        auto other = [&](Idle& idle) {
            bool const first = idle.end_search();
            bool const second = idle.end_search();
            is_told = first || second;
            chosen = idle.choose_sleeper();
        };
        at_each_moment(
            4, begin, [](Idle& idle) { idle.begin_search(); }, other,
            [&](Idle&) {
                CHECK_MESSAGE(
                    (is_told || chosen.has_value()),
                    "a worker that may not search was counted for a moment. So neither of the two was told that it "
                    "was the last searcher, and no sleeper was woken. Look first, and count then.");
            });
    }

    TEST_CASE("two searchers stop at once and the last one is told") {
        bool mine = false;
        bool others = false;
        auto find = [](Idle& idle) { return idle.end_search(); };
        auto sleep = [](Idle& idle) { return idle.fall_asleep(0, true); };
        auto the_last_is_told = [&](Idle&) {
            CHECK_MESSAGE(
                (mine || others),
                "neither of the two was told that it was the last searcher. Decide by the word that your change replaced.");
        };
        step("two search. One finds work, and the other one finds work at each moment");
        at_each_moment(
            4, two_search, [&](Idle& idle) { mine = find(idle); }, [&](Idle& idle) { others = find(idle); },
            the_last_is_told);
        step("one falls asleep, and the other one finds work at each moment");
        at_each_moment(
            4, two_search, [&](Idle& idle) { mine = sleep(idle); }, [&](Idle& idle) { others = find(idle); },
            the_last_is_told);
        step("one finds work, and the other one falls asleep at each moment");
        at_each_moment(
            4, two_search, [&](Idle& idle) { mine = find(idle); }, [&](Idle& idle) { others = sleep(idle); },
            the_last_is_told);
    }

    TEST_CASE("work at any moment is seen by a searcher or wakes a sleeper") {
        bool must_look = false;
        std::optional<unsigned> chosen;
        step("worker 0, the only searcher, falls asleep. Work comes at each moment");
        at_each_moment(
            2, [](Idle& idle) { idle.begin_search(); }, [&](Idle& idle) { must_look = idle.fall_asleep(0, true); },
            [&](Idle& idle) { chosen = idle.choose_sleeper(); },
            [&](Idle&) {
                CHECK_MESSAGE((must_look || chosen.has_value()),
                              "the thread that made the work saw a searcher, and the searcher went to sleep without a "
                              "second look");
            });
    }

    TEST_CASE("the memory orders of those who stop to search") {
        constexpr char order[] =
            "the second look comes after this change, and the first look of the other thread after its push. All threads "
            "must agree on the order of these four, so the change must be seq_cst.";
        Idle idle(4);
        two_search(idle);
        step("a searcher finds work");
        count_writes([&] { (void)idle.end_search(); });
        CHECK_MESSAGE(weak_writes == 0, order);
        step("a searcher falls asleep");
        count_writes([&] { (void)idle.fall_asleep(0, true); });
        CHECK_MESSAGE(weak_writes == 0, order);
    }
}
