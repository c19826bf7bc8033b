// The state word over an atomic that calls the test: what each transition writes, and what happens if two of them meet.
// It is compiled by itself, because stepped_state.hpp includes headers with other names (#define, #undef).
#include "stepped_state.hpp"

#include <doctest/doctest.h>
#include <rt/sync.hpp>
#include <support/stepped_atomic.hpp>
#include <support/story.hpp>

#include <optional>

using namespace support;
using State = rt::SteppedTaskState;

namespace {

int published = 0;    // writes with a release
int acquired = 0;     // accesses with an acquire
int unpublished = 0;  // writes without a release that ended a poll

/// A task in its queue, whose future has left a waker somewhere.
void queued(State& state) { state.add_reference(); }
void polled(State& state) {
    queued(state);
    (void)state.start();
}
void asleep(State& state) {
    polled(state);
    (void)state.pause();
}

unsigned word_of(State& state) {
    unsigned found = 0;
    Steps::between([&found](int, rt::Atomic<unsigned>& word) { found = word.load(); },
                   [&state] { (void)state.is_complete(); });
    return found;
}

/// The bit that `start` sets.
unsigned running_bit() {
    State state(false);
    unsigned const before = word_of(state);
    (void)state.start();
    return word_of(state) & ~before;
}

/// Calls `transition`, and counts its accesses to the word.
template <class F>
void count(F transition) {
    static thread_local unsigned running = 0;
    running = running_bit();
    published = acquired = unpublished = 0;
    Steps::on_access = [](const Access& access) {
        bool const ends_a_poll = access.writes && (access.before & running) != 0 && (access.after & running) == 0;
        published += access.writes && releases(access.order) ? 1 : 0;
        acquired += acquires(access.order) ? 1 : 0;
        unpublished += ends_a_poll && !releases(access.order) ? 1 : 0;
    };
    transition();
    Steps::on_access = nullptr;
}

// The transitions, each with what its caller does with the references. They return the answer as a number.
int do_wake(State& state) {
    State::OnWake const answer = state.wake();
    if (answer == State::OnWake::schedule) {
        state.add_reference();  // for the Runnable
    }
    return static_cast<int>(answer);
}
int do_abort(State& state) {
    State::OnWake const answer = state.abort();
    if (answer == State::OnWake::schedule) {
        state.add_reference();
    }
    return static_cast<int>(answer);
}
int do_start(State& state) { return static_cast<int>(state.start()); }
int do_pause(State& state) { return static_cast<int>(state.pause()); }
int do_complete(State& state) { return static_cast<int>(state.complete()); }
int do_drop_handle(State& state) {
    int const answer = static_cast<int>(state.drop_handle());
    return 10 * answer + static_cast<int>(state.drop_reference());
}

using Transition = int (*)(State&);

/// What the two threads were told, and the word afterwards.
struct Ending {
    int first = 0;
    int second = 0;
    unsigned word = 0;
    bool operator==(const Ending&) const = default;
};

/// Expects that `first` and `second` always end as if one came after the other. Plays `second` after each access of `first`.
void expect_one_after_the_other(const char* what, const char* other, void (*prepare)(State&), Transition first,
                                Transition second) {
    std::optional<State> state;
    Ending in_order;
    Ending reversed;
    prepare(state.emplace(false));
    in_order.first = first(*state);
    in_order.second = second(*state);
    in_order.word = word_of(*state);
    prepare(state.emplace(false));
    reversed.second = second(*state);
    reversed.first = first(*state);
    reversed.word = word_of(*state);
    for (int at = 1, accesses = 1; at <= accesses; ++at) {
        step("{}. After access {} to the word, another thread {}", what, at, other);
        Ending met;
        prepare(state.emplace(false));
        auto meet = [&](int access, auto&) {
            if (access == at) {
                met.second = second(*state);
            }
        };
        Steps::between(meet, [&] { met.first = first(*state); });
        accesses = Steps::accesses;
        met.word = word_of(*state);
        bool const one_after_the_other = met == in_order || met == reversed;
        CHECK_MESSAGE(
            one_after_the_other,
            "the two threads did not act as if one came after the other. Read and change the word in one step: "
            "with fetch_or, fetch_and, fetch_xor, fetch_add, or a compare_exchange loop.");
    }
}

}  // namespace

TEST_SUITE("09.1 the state word in one step") {
    TEST_CASE("every wake writes to the word and publishes") {
        State state(false);
        INFO(
            "a wake that only reads the word does not publish what its thread did before: the poll may miss it for ever");
        step("wake a task that waits in the queue already");
        count([&] { (void)state.wake(); });
        CHECK(published > 0);
        step("wake it during its poll: twice");
        (void)state.start();
        count([&] { (void)state.wake(); });
        CHECK(published > 0);
        count([&] { (void)state.wake(); });
        CHECK(published > 0);
        step("abort it when it is in the queue again");
        (void)state.pause();
        count([&] { (void)state.abort(); });
        CHECK(published > 0);
    }

    TEST_CASE("a poll begins with an acquire") {
        State state(false);
        INFO(
            "the poll must see what the waking thread did before its wake. Let `start` acquire what the wake released.");
        step("begin the poll");
        count([&] { (void)state.start(); });
        CHECK(acquired > 0);
    }

    TEST_CASE("a poll that was Pending publishes what it did") {
        State state(false);
        polled(state);
        INFO("another thread may poll the future next, so the write that ends this poll must be a release.");
        step("end the poll");
        count([&] { (void)state.pause(); });
        CHECK(unpublished == 0);
    }

    TEST_CASE("the end of a task publishes its outcome") {
        State state(false);
        (void)state.start();
        INFO("the handle reads the outcome once it sees `complete`, so the write of that bit must be a release.");
        step("end the last poll");
        count([&] { (void)state.complete(); });
        CHECK(published > 0);
        CHECK(unpublished == 0);
        CHECK_MESSAGE(
            (word_of(state) & running_bit()) == 0,
            "the task is complete, but its word still says that a thread polls it. Let `complete` change both bits.");
    }

    TEST_CASE("a handle that destroys the outcome sees all of it") {
        State state(false);
        (void)state.start();
        (void)state.complete();
        INFO("another thread has stored the outcome that is destroyed now. Let `drop_handle` acquire.");
        step("drop the handle of a task that is complete");
        count([&] { (void)state.drop_handle(); });
        CHECK(acquired > 0);
        step("ask a handle whether its task is finished");
        count([&] { (void)state.is_complete(); });
        CHECK(acquired > 0);
    }

    TEST_CASE("a thread that destroys the task sees what the others did") {
        State state(false);
        polled(state);
        INFO(
            "each thread releases what it did when it gives its reference back, and the last one acquires it before it "
            "destroys the task");
        step("end the poll, and give the last waker back");
        count([&] { (void)state.pause(); });
        CHECK(acquired > 0);
        count([&] { (void)state.drop_reference(); });
        CHECK(published > 0);
        CHECK(acquired > 0);
    }

    TEST_CASE("a poll begins while another thread acts") {
        expect_one_after_the_other("begin a poll", "wakes the task", queued, do_start, do_wake);
        expect_one_after_the_other("begin a poll", "aborts the task", queued, do_start, do_abort);
        expect_one_after_the_other("begin a poll", "drops the handle", queued, do_start, do_drop_handle);
    }

    TEST_CASE("a poll ends while another thread acts") {
        expect_one_after_the_other("end a poll that was Pending", "wakes the task", polled, do_pause, do_wake);
        expect_one_after_the_other("end a poll that was Pending", "aborts the task", polled, do_pause, do_abort);
        expect_one_after_the_other("end a poll that was Pending", "drops the handle", polled, do_pause, do_drop_handle);
    }

    TEST_CASE("a task ends while another thread acts") {
        expect_one_after_the_other("end the last poll", "wakes the task", polled, do_complete, do_wake);
        expect_one_after_the_other("end the last poll", "aborts the task", polled, do_complete, do_abort);
        expect_one_after_the_other("end the last poll", "drops the handle", polled, do_complete, do_drop_handle);
    }

    TEST_CASE("a task is woken while another thread acts") {
        expect_one_after_the_other("wake the task", "wakes the task", asleep, do_wake, do_wake);
        expect_one_after_the_other("wake the task", "begins a poll", queued, do_wake, do_start);
        expect_one_after_the_other("wake the task", "ends a poll that was Pending", polled, do_wake, do_pause);
        expect_one_after_the_other("wake the task", "ends the last poll", polled, do_wake, do_complete);
        expect_one_after_the_other("abort the task", "wakes the task", asleep, do_abort, do_wake);
    }

    TEST_CASE("a handle goes while another thread acts") {
        expect_one_after_the_other("drop the handle", "ends the last poll", polled, do_drop_handle, do_complete);
        expect_one_after_the_other("drop the handle", "wakes the task", asleep, do_drop_handle, do_wake);
        expect_one_after_the_other("drop the handle", "ends a poll that was Pending", polled, do_drop_handle, do_pause);
    }
}
