#include <doctest/doctest.h>
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

/// True if this thread's park has exactly this many wakers. Called while the park has no token.
bool has_wakers(int wakers) {
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
        step("wake this thread by reference");
        waker.wake_by_ref();
        CHECK(shared.park().has_token());
        shared.park().park(rt::no_wait);
        CHECK_FALSE((rt::checks_enabled && has_wakers(0)));
        step("wake this thread, which uses the waker up");
        std::move(waker).wake();
        CHECK_MESSAGE(shared.park().has_token(), "wake left no token in the park. Unpark the thread.");
        shared.park().park(rt::no_wait);
        if (rt::checks_enabled && has_wakers(1)) {
            table.drop(data);
            FAIL(
                "wake never gave its reference back, so the park is never destroyed. Drop the reference after the unpark.");
        }
    }

    TEST_CASE("it returns the output of the future") {
        static_assert(std::is_void_v<decltype(block_on(rt::ready()))>);
        step("block_on futures of void, int and unique_ptr");
        block_on(rt::ready());
        CHECK(block_on(rt::ready(7)) == 7);
        CHECK(*block_on(rt::ready(std::make_unique<int>(8))) == 8);
        CHECK(block_on(rt::then(rt::Countdown(2), [] { return rt::ready(9); })) == 9);
    }

    TEST_CASE("an exception leaves block_on and the thread can block again") {
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
        step("block_on a future that owns an object");
        block_on(rt::poll_fn([token = counter.token()](Context&) -> Poll<void> { return Ready(); }));
        CHECK(counter.alive() == 0);
        CHECK(counter.copies() == 0);
    }

    TEST_CASE("a thread that is ending can still block") {
        struct LastWords {
            int* said;
            ~LastWords() {
                *said = block_on(rt::then(rt::Countdown(1), [] { return rt::ready(3); }));
            }
        };
        int said = 0;
        step("a thread makes a thread_local object, blocks, and ends. The object's destructor blocks too");
        TestThread ending([&said] {
            thread_local LastWords const last_words{&said};  // destroyed after the park of the first block_on
            block_on(rt::ready());
        });
        ending.join();
        CHECK(said == 3);
    }

    TEST_CASE("block_on inside of a future ends the program") {
        expect_violation(
            "block_on inside a future",
            [] { block_on(rt::poll_fn([](Context&) -> Poll<int> { return Ready(block_on(rt::ready(3))); })); },
            Noticed::in_every_build);
        step("block_on on another thread: that is allowed");
        int const inner = block_on(rt::poll_fn([](Context&) -> Poll<int> {
            int result = 0;
            TestThread other([&result] { result = block_on(rt::ready(3)); });
            other.join();
            return Ready(result);
        }));
        CHECK(inner == 3);
    }

    TEST_CASE("a future that keeps no waker ends the program at once") {
        auto const blocks_on = [](auto poll) { return [poll] { block_on(rt::poll_fn(poll)); }; };
        auto keeps_none = [](Context&) -> Poll<void> { return Pending; };
        auto drops_it = [](Context& cx) -> Poll<void> {
            Waker dropped_at_once = cx.waker();
            return Pending;
        };
        expect_violation("returned Pending but kept no waker", blocks_on(keeps_none));
        expect_violation("returned Pending but kept no waker", blocks_on(drops_it));
    }
}
