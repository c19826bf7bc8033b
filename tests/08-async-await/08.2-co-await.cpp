/// \file
/// 08.2: `co_await` of any future. The future is polled where it is, and only a poll resumes the body.
#include <doctest/doctest.h>

#include <rt/async.hpp>
#include <rt/block_on.hpp>
#include <rt/future.hpp>
#include <rt/join.hpp>
#include <rt/yield_now.hpp>
#include <support/counted_future.hpp>
#include <support/counting_waker.hpp>
#include <support/mock_task.hpp>
#include <support/more_polls.hpp>
#include <support/story.hpp>

#include <memory>
#include <string>
#include <utility>
#include <vector>

using namespace support;
using rt::Async, rt::Pending, rt::Ready;

// Judges 08.1 too: what a poll answers when the body waits.

namespace {

using Notes = std::vector<std::string>;

Async<int> twice(CountedFuture<int> future) {
    int value = co_await future;
    co_return 2 * value;
}

Async<int> straight_from(Remote<int>* remote) { co_return co_await remote->future(); }

Async<int> first_then_second(Remote<int>* first, Remote<int>* second, Notes* notes) {
    notes->push_back("start");
    int a = co_await first->future();
    notes->push_back("first");
    int b = co_await second->future();
    notes->push_back("second");
    co_return 10 * a + b;
}

Async<int> in_one_expression(Remote<int>* first, Remote<int>* second) {
    co_return 10 * co_await first->future() + co_await second->future();
}

int ten_and(int a, int b) { return 10 * a + b; }

Async<int> in_one_call(Remote<int>* first, Remote<int>* second) {
    co_return ten_and(co_await first->future(), co_await second->future());
}

Async<> nothing_to_hand_over(Remote<>* remote, Notes* notes) {
    co_await remote->future();
    notes->push_back("done");
}

Async<> pauses(Notes* notes) {
    co_await rt::yield_now();
    notes->push_back("end");
}

Async<std::unique_ptr<int>> move_only(Remote<std::unique_ptr<int>>* remote) {
    auto value = co_await remote->future();
    *value += 1;
    co_return value;
}

Async<int> level(int depth, Remote<int>* leaf) {
    if (depth == 0) {
        co_return co_await leaf->future();
    }
    co_return 1 + co_await level(depth - 1, leaf);
}

Async<int> named_inner(Remote<int>* leaf) {
    Async<int> inner = level(0, leaf);
    int value = co_await inner;
    co_return value + 1;
}

/// A future that can never be moved, so it has to be polled where it was made.
class Rooted {
  public:
    using Output = bool;

    Rooted() : made_at_(this) {}
    Rooted(const Rooted&) = delete;  // co_await must poll a future where it is, without a copy or a move
    Rooted& operator=(const Rooted&) = delete;

    /// True if it is polled where it was made.
    rt::Poll<bool> poll(rt::Context& cx) {
        if (!polled_) {
            polled_ = true;
            cx.waker().wake_by_ref();
            return Pending;
        }
        return Ready(made_at_ == this);
    }

  private:
    const Rooted* made_at_;
    bool polled_ = false;
};

Async<bool> rooted() { co_return co_await Rooted(); }

Async<> looper(std::string* said, char name, int rounds) {
    for (int round = 0; round < rounds; ++round) {
        said->push_back(name);
        co_await rt::yield_now();
    }
}

Async<std::string> three_loopers() {
    std::string said;
    co_await rt::join(looper(&said, 'r', 3), looper(&said, 'g', 3), looper(&said, 'b', 3));
    co_return said;
}

}  // namespace

TEST_SUITE("08.2 co_await any future") {
    TEST_CASE("a future that is ready does not suspend the body") {
        Remote<int> kettle("the kettle");
        Remote<int> pan("the pan");
        Notes notes;
        kettle.finish(1);
        pan.finish(2);
        auto task = spawn_mock("the coroutine", first_then_second(&kettle, &pan, &notes));
        auto const answer = task.poll();
        REQUIRE_MESSAGE(
            notes.back() == "second",
            "the body was suspended although the future was Ready. That future keeps no waker, so nobody would "
            "ever poll the body again.");
        CHECK_MESSAGE(answer == Ready(12),
                      "the body has ended, but the poll was Pending. `run` returns true when the body is done.");
        CHECK(kettle.polls() == 1);
        CHECK(pan.polls() == 1);
        CHECK(task.wakes() == 0);
    }

    TEST_CASE("one poll of the coroutine polls the future once") {
        Notes notes;
        auto task = spawn_mock("the coroutine", pauses(&notes));
        auto const answer = task.poll();
        REQUIRE_MESSAGE(
            notes.empty(),
            "one poll of the coroutine polled its future until that was done, without waiting for a wake. Poll "
            "it once. If it is Pending, the poll of the coroutine is, too.");
        REQUIRE_MESSAGE(answer == Pending,
                        "the poll was Ready before the body had ended. Look at what `run` returned.");
        CHECK_MESSAGE(
            task.poll() == Ready(),
            "the future is done, but the body did not go on. `may_go_on` returns true when the leaf's poll does.");
        CHECK(notes == Notes{"end"});
    }

    TEST_CASE("a future that is Pending makes the coroutine Pending") {
        Remote<int> kettle("the kettle");
        auto task = spawn_mock("the coroutine", straight_from(&kettle));
        CHECK(task.poll() == Pending);
        CHECK(kettle.polls() == 1);
        CHECK(task.kept_wakers() == 1);
        expect_more_polls(task.future(), "Async");
        kettle.finish(3);
        CHECK(task.is_woken());
        CHECK_MESSAGE(
            task.poll() == Ready(3),
            "the future is done, but the coroutine has not polled it again. Each poll of a coroutine polls what its "
            "body waits for.");
        CHECK(kettle.polls() == 2);
        CHECK(task.wakes() == 1);
    }

    TEST_CASE("a wake does not resume the body: only a poll does") {
        Remote<int> kettle("the kettle");
        Remote<int> pan("the pan");
        Notes notes;
        auto task = spawn_mock("the coroutine", first_then_second(&kettle, &pan, &notes));
        CHECK(task.poll() == Pending);
        kettle.finish(1);
        CHECK_MESSAGE(notes == Notes{"start"}, "the wake resumed the body. It may only ask for another poll.");
        CHECK(task.poll() == Pending);
        CHECK(notes == Notes{"start", "first"});
    }

    TEST_CASE("the body goes on where it stopped") {
        Remote<int> kettle("the kettle");
        Remote<int> pan("the pan");
        Notes notes;
        auto task = spawn_mock("the coroutine", first_then_second(&kettle, &pan, &notes));
        CHECK(task.poll() == Pending);
        CHECK(pan.polls() == 0);
        kettle.finish(1);
        CHECK(task.poll() == Pending);
        CHECK(pan.polls() == 1);
        pan.finish(2);
        CHECK(task.poll() == Ready(12));
        CHECK(notes == Notes{"start", "first", "second"});
        CHECK(kettle.polls() == 2);
        CHECK(pan.polls() == 2);
    }

    TEST_CASE("a poll for nothing asks the future and does not resume the body") {
        Remote<int> kettle("the kettle");
        Remote<int> pan("the pan");
        Notes notes;
        auto task = spawn_mock("the coroutine", first_then_second(&kettle, &pan, &notes));
        CHECK(task.poll() == Pending);
        kettle.wake_for_nothing();
        CHECK(task.poll() == Pending);
        CHECK(task.poll() == Pending);
        CHECK(notes == Notes{"start"});
        CHECK(kettle.polls() == 3);
        CHECK(kettle.drops() == 0);
        CHECK(pan.polls() == 0);
    }

    TEST_CASE("two waits in one expression: the second is not polled before the first is done") {
        for (auto coroutine : {in_one_expression, in_one_call}) {
            Remote<int> kettle("the kettle");
            Remote<int> pan("the pan");
            auto task = spawn_mock("the coroutine", coroutine(&kettle, &pan));
            CHECK(task.poll() == Pending);
            CHECK(kettle.polls() + pan.polls() == 1);  // the compiler chooses which
            kettle.finish(1);
            pan.finish(2);
            CHECK(task.poll() == Ready(12));
            CHECK(kettle.polls() + pan.polls() == 3);
        }
    }

    TEST_CASE("a named future is polled where it is and lives on") {
        Remote<int> kettle("the kettle");
        auto future = twice(kettle.future());
        int const moves = kettle.moves();  // a parameter is moved into the frame
        auto task = spawn_mock("the coroutine", std::move(future));
        CHECK(task.poll() == Pending);
        kettle.finish(3);
        CHECK(task.poll() == Ready(6));
        CHECK(kettle.moves() == moves);
        CHECK(kettle.drops() == 0);
        task.drop();
        CHECK(kettle.drops() == 1);
    }

    TEST_CASE("a temporary future is polled where it was made and destroyed when the expression ends") {
        Remote<int> kettle("the kettle");
        Remote<int> pan("the pan");
        Notes notes;
        auto task = spawn_mock("the coroutine", first_then_second(&kettle, &pan, &notes));
        CHECK(task.poll() == Pending);
        CHECK(kettle.drops() == 0);
        kettle.finish(1);
        CHECK(task.poll() == Pending);
        CHECK(kettle.moves() == 0);
        CHECK(kettle.drops() == 1);
    }

    TEST_CASE("even a future that cannot be moved can be awaited") {
        auto task = spawn_mock("the coroutine", rooted());
        CHECK(task.poll() == Pending);
        CHECK(task.poll() == Ready(true));
    }

    TEST_CASE("a future without a value") {
        Remote<> kettle("the kettle");
        Notes notes;
        auto task = spawn_mock("the coroutine", nothing_to_hand_over(&kettle, &notes));
        CHECK(task.poll() == Pending);
        kettle.finish();
        CHECK(task.poll() == Ready());
        CHECK(notes == Notes{"done"});
    }

    TEST_CASE("a value that can only be moved comes through") {
        Remote<std::unique_ptr<int>> kettle("the kettle");
        auto task = spawn_mock("the coroutine", move_only(&kettle));
        CHECK(task.poll() == Pending);
        kettle.finish(std::make_unique<int>(3));
        auto result = task.poll();
        REQUIRE(result.is_ready());
        CHECK(*std::move(result).value() == 4);
    }

    TEST_CASE("coroutines in coroutines: each poll reaches the leaf once") {
        Remote<int> kettle("the kettle");
        auto task = spawn_mock("the outermost coroutine", level(3, &kettle));
        CHECK(kettle.polls() == 0);
        CHECK(task.poll() == Pending);
        CHECK(kettle.polls() == 1);
        CHECK(task.kept_wakers() == 1);
        CHECK(task.poll() == Pending);
        CHECK(kettle.polls() == 2);
        kettle.finish(4);
        CHECK(task.wakes() == 1);
        CHECK(task.poll() == Ready(7));
        CHECK(kettle.polls() == 3);
    }

    TEST_CASE("a coroutine may have a name before it is awaited") {
        Remote<int> kettle("the kettle");
        auto task = spawn_mock("the coroutine", named_inner(&kettle));
        CHECK(task.poll() == Pending);
        kettle.finish(4);
        CHECK(task.poll() == Ready(5));
        CHECK(kettle.drops() == 1);
    }

    TEST_CASE("the newest waker reaches the leaf at every depth") {
        Remote<int> kettle("the kettle");
        auto future = level(3, &kettle);
        auto first = spawn_mock("the coroutine by its first owner", rt::by_ref(future));
        auto second = spawn_mock("the coroutine by its second owner", rt::by_ref(future));
        CHECK(first.poll() == Pending);
        CHECK(first.kept_wakers() == 1);
        CHECK(second.poll() == Pending);
        CHECK(first.kept_wakers() == 0);
        CHECK(second.kept_wakers() == 1);
        kettle.finish(4);
        CHECK(first.wakes() == 0);
        CHECK(second.wakes() == 1);
        CHECK(second.poll() == Ready(7));
    }

    TEST_CASE("a future that is awaited later gets the newest waker too") {
        Remote<int> kettle("the kettle");
        Remote<int> pan("the pan");
        Notes notes;
        auto future = first_then_second(&kettle, &pan, &notes);
        // Both contexts exist at the same time, so a context that was kept from the first poll differs from the second one.
        CountingWaker first;
        CountingWaker second;
        rt::Waker const first_waker = first.waker();
        rt::Waker const second_waker = second.waker();
        rt::Context first_cx(first_waker);
        rt::Context second_cx(second_waker);

        step("poll the coroutine with the first waker");
        CHECK(future.poll(first_cx) == Pending);
        kettle.finish(1);
        CHECK(first.wakes() == 1);
        step("poll the coroutine with the second waker");
        CHECK(future.poll(second_cx) == Pending);
        CHECK(first.alive() == 1);
        CHECK(second.alive() == 2);
        pan.finish(2);
        CHECK(first.wakes() == 1);
        CHECK(second.wakes() == 1);
        step("poll the coroutine with the second waker");
        CHECK(future.poll(second_cx) == Ready(12));
    }

    TEST_CASE("three loopers that are coroutines take turns") {
        auto task = spawn_mock("the loopers", three_loopers());
        CHECK(task.poll() == Pending);
        CHECK(task.wakes() == 3);
        CHECK(task.poll() == Pending);
        CHECK(task.poll() == Pending);
        CHECK(task.poll() == Ready(std::string("rgbrgbrgb")));
        CHECK(task.wakes() == 9);
    }

    TEST_CASE("block_on runs a coroutine that waits") {
        step("block_on the three loopers");
        CHECK(rt::block_on(three_loopers()) == "rgbrgbrgb");
    }
}
