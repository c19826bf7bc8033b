#include <doctest/doctest.h>
#include <observe/verdict.hpp>
#include <rt/block_on.hpp>
#include <rt/future.hpp>
#include <rt/then.hpp>
#include <support/counted_future.hpp>
#include <support/death.hpp>
#include <support/drop_counter.hpp>
#include <support/story.hpp>
#include <support/test_thread.hpp>
#include <support/trace_log.hpp>

#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

using namespace support;
using rt::block_on;
using rt::Context;
using rt::Pending;
using rt::Poll;
using rt::Ready;
using rt::Waker;

namespace {

/// Runs a future that keeps no waker. Only the first that goes unnoticed is told.
template <class F>
void expect_to_be_found_out(F poll) {
    constexpr const char* sentence = "returned Pending but kept no waker";
    if (!rt::checks_enabled) {
        return;
    }
    step("expect the program to end with \"{}\"", sentence);
    std::string const end = how_it_missed_its_end(sentence, [&] { block_on(rt::poll_fn(poll)); });
    if (end.find(rt::record::nobody_is_left) != end.npos) {
        FAIL("it went to sleep, and nobody can wake it: say shared.expect_a_wake(1) between Pending and the sleep");
    }
    if (!end.empty()) {
        FAIL(end);
    }
}

/// True if `wakers` of this thread's exist, no more and no fewer. Called where no token is in its park.
bool are_left(int wakers) {
    auto const ask = [wakers] { rt::SharedPark::of_this_thread().expect_a_wake(wakers); };
    return how_it_missed_its_end("kept no waker", ask).empty();
}

}  // namespace

TEST_SUITE("05.2 block_on") {
    TEST_CASE("a ready future needs one poll and no sleep") {
        TraceLog log;
        int polls = 0;
        auto count = [&polls](Context&) -> Poll<int> {
            ++polls;
            return Ready(3);
        };
        step("block_on a future that is ready");
        CHECK(block_on(rt::poll_fn(count)) == 3);
        CHECK(polls == 1);
        CHECK(log.text() == "");
    }

    TEST_CASE("wake_by_ref keeps its reference and wake gives it back") {
        rt::SharedPark& shared = rt::SharedPark::of_this_thread();
        Waker waker = shared.waker();
        void* const data = waker.data();
        const rt::WakerVTable& table = *waker.vtable();
        step("wake a waker of this thread by reference");
        waker.wake_by_ref();
        shared.park().park(rt::no_wait);
        if (rt::checks_enabled && are_left(0)) {
            table.clone(data);  // takes back what was given away
            FAIL(
                "wake_by_ref gave back a reference that was only lent to it: the waker lives on, and gives it back when it "
                "dies");
        }
        step("wake, and give the waker away");
        std::move(waker).wake();
        shared.park().park(rt::no_wait);
        if (rt::checks_enabled && are_left(1)) {
            table.drop(data);
            FAIL(
                "wake never gave its reference back: after it no drop follows, so the park that the reference keeps alive "
                "would never be destroyed");
        }
    }

    TEST_CASE("its output is the future's") {
        static_assert(std::is_void_v<decltype(block_on(rt::ready()))>);
        step("block_on futures of void, int and unique_ptr");
        block_on(rt::ready());
        CHECK(block_on(rt::ready(7)) == 7);
        CHECK(*block_on(rt::ready(std::make_unique<int>(8))) == 8);
        CHECK(block_on(rt::then(rt::Countdown(2), [] { return rt::ready(9); })) == 9);
    }

    TEST_CASE("an exception comes out and leaves the thread usable") {
        Remote<int> kettle("the kettle");
        kettle.fail(std::runtime_error("the kettle burst"));
        step("block_on the kettle");
        CHECK_THROWS_WITH((void)block_on(kettle.future()), "the kettle burst");
        CHECK(kettle.drops() == 1);
        step("block_on another future");
        CHECK(block_on(rt::ready(3)) == 3);
    }

    TEST_CASE("the future is destroyed before block_on returns") {
        DropCounter counter;
        step("block_on a future with a token in it");
        block_on(rt::poll_fn([token = counter.token()](Context&) -> Poll<void> { return Ready(); }));
        CHECK(counter.alive() == 0);
        CHECK(counter.copies() == 0);
    }

    TEST_CASE("a thread that ends may still block") {
        struct LastWords {
            int* said;
            ~LastWords() { *said = block_on(rt::then(rt::Countdown(1), [] { return rt::ready(3); })); }
        };
        int said = 0;
        step("a thread makes a thread_local, blocks, and ends");
        TestThread ending([&said] {
            thread_local LastWords const last_words{&said};  // destroyed after what the first block_on has made
            block_on(rt::ready());
        });
        ending.join();
        CHECK(said == 3);
    }

    TEST_CASE("block_on inside of a future is a mistake and says so") {
        expect_violation(
            "block_on inside of a future",
            [] { block_on(rt::poll_fn([](Context&) -> Poll<int> { return Ready(block_on(rt::ready(3))); })); },
            Noticed::in_every_build);
        step("on another thread it is fine");
        int const inner = block_on(rt::poll_fn([](Context&) -> Poll<int> {
            int result = 0;
            TestThread other([&result] { result = block_on(rt::ready(3)); });
            other.join();
            return Ready(result);
        }));
        CHECK(inner == 3);
    }

    TEST_CASE("a future that keeps no waker is found out at once") {
        expect_to_be_found_out([](Context&) -> Poll<void> { return Pending; });
        expect_to_be_found_out([](Context& cx) -> Poll<void> {
            Waker dropped_at_once = cx.waker();
            return Pending;
        });
    }
}
