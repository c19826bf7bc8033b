/// \file
/// 08.9: what lives in a frame, and for how long. To destroy a frame cancels its wait.
#include "local.hpp"

#include <doctest/doctest.h>

#include <rt/async.hpp>
#include <rt/future.hpp>
#include <rt/join.hpp>
#include <rt/yield_now.hpp>
#include <support/counted_future.hpp>
#include <support/death.hpp>
#include <support/drop_counter.hpp>
#include <support/mock_task.hpp>
#include <support/poll_once.hpp>
#include <support/story.hpp>

#include <memory>
#include <optional>
#include <string>
#include <utility>

using namespace support;
using rt::Async, rt::Pending, rt::Ready;

namespace {

/// Waits three times, with one more local each time.
Async<> steps(Remote<>* remotes, Notes* notes) {
    Local first(notes, "first");
    co_await remotes[0].future();
    Local second(notes, "second");
    {
        Local inner(notes, "inner");
        co_await remotes[1].future();
    }
    Local third(notes, "third");
    co_await remotes[2].future();
    notes->push_back("end");
}

Async<int> nested(int depth, Remote<int>* leaf, Notes* notes) {
    Local local(notes, "level " + std::to_string(depth));
    if (depth == 0) {
        co_return co_await leaf->future();
    }
    co_return 1 + co_await nested(depth - 1, leaf, notes);
}

Async<> gives_up_on_the_inner(Remote<int>* leaf, Notes* notes) {
    {
        Async<int> inner = nested(1, leaf, notes);
        auto once = rt::poll_fn([&inner](rt::Context& cx) -> rt::Poll<void> {
            (void)inner.poll(cx);
            return Ready();
        });
        co_await once;
        notes->push_back("enough");
    }
    notes->push_back("gone");
    co_await rt::yield_now();
}

Async<std::string> greets(std::string guest) {
    co_await rt::yield_now();
    co_return "hello " + guest;
}

Async<bool> stays_where_it_is() {
    int here = 0;
    int* const before = &here;
    co_await rt::yield_now();
    co_return before == &here;
}

/// Awaits a coroutine that somebody else owns.
Async<std::string> borrows(std::unique_ptr<Async<std::string>>* lent) { co_return co_await **lent; }

/// Destroys a coroutine that somebody else owns.
Async<> destroys(std::optional<Async<>>* victim) {
    victim->reset();
    co_await rt::yield_now();
}
Async<> awaits(Async<>* inner) { co_await *inner; }

Async<int> keeps_until_the_end(DropCounter::Token, Remote<int>* leaf) { co_return co_await leaf->future(); }

}  // namespace

TEST_SUITE("08.9 all together: lifetimes") {
    TEST_CASE("destroyed at the first wait") {
        Remote<> remotes[3];
        Notes notes;
        auto task = spawn_mock("the coroutine", steps(remotes, &notes));
        CHECK(task.poll() == Pending);
        task.drop();
        CHECK(notes == Notes{"~first"});
        CHECK(remotes[0].drops() == 1);
        CHECK(task.kept_wakers() == 0);
    }

    TEST_CASE("destroyed at the third wait") {
        Remote<> remotes[3];
        Notes notes;
        auto task = spawn_mock("the coroutine", steps(remotes, &notes));
        CHECK(task.poll() == Pending);
        remotes[0].finish();
        remotes[1].finish();
        CHECK(task.poll() == Pending);
        CHECK(notes == Notes{"~inner"});
        task.drop();
        CHECK(notes == Notes{"~inner", "~third", "~second", "~first"});
        CHECK(task.kept_wakers() == 0);
    }

    TEST_CASE("a body that has ended has no locals left to destroy") {
        Remote<> remotes[3];
        Notes notes;
        auto task = spawn_mock("the coroutine", steps(remotes, &notes));
        for (auto& remote : remotes) {
            CHECK(task.poll() == Pending);
            remote.finish();
        }
        CHECK(task.poll() == Ready());
        Notes const all{"~inner", "end", "~third", "~second", "~first"};
        CHECK(notes == all);
        task.drop();
        CHECK(notes == all);
    }

    TEST_CASE("destroyed three coroutines deep: the innermost goes first") {
        Remote<int> kettle("the kettle");
        Notes notes;
        auto task = spawn_mock("the outermost coroutine", nested(2, &kettle, &notes));
        CHECK(task.poll() == Pending);
        task.drop();
        CHECK(notes == Notes{"~level 0", "~level 1", "~level 2"});
        CHECK(kettle.drops() == 1);
        CHECK(task.kept_wakers() == 0);
    }

    TEST_CASE("a wake after the coroutine was destroyed does nothing") {
        Remote<int> kettle("the kettle");
        Notes notes;
        auto task = spawn_mock("the outermost coroutine", nested(2, &kettle, &notes));
        CHECK(task.poll() == Pending);
        task.drop();
        kettle.finish(3);
        CHECK(task.wakes() == 0);
    }

    TEST_CASE("a coroutine may give up on another and go on") {
        Remote<int> kettle("the kettle");
        Notes notes;
        auto task = spawn_mock("the coroutine", gives_up_on_the_inner(&kettle, &notes));
        CHECK(task.poll() == Pending);
        CHECK(notes == Notes{"enough", "~level 0", "~level 1", "gone"});
        CHECK(kettle.drops() == 1);
        CHECK(task.poll() == Ready());
    }

    TEST_CASE("a join that is dropped cancels its coroutines") {
        Remote<int> kettle("the kettle");
        Notes notes;
        auto task = spawn_mock("the join", rt::join(nested(0, &kettle, &notes), nested(1, &kettle, &notes)));
        CHECK(task.poll() == Pending);
        task.drop();
        CHECK(notes.size() == 3);
        CHECK(kettle.drops() == 2);
    }

    TEST_CASE("a parameter by value outlives what it was made from") {
        std::optional<Async<std::string>> future;
        {
            std::string guest = "a guest whose name is too long to fit into the string itself";
            step("call the coroutine and destroy the argument");
            future.emplace(greets(guest));
        }
        auto task = spawn_mock("the coroutine", std::move(*future));
        CHECK(task.poll() == Pending);
        CHECK(task.poll() == Ready(std::string("hello a guest whose name is too long to fit into the string itself")));
    }

    TEST_CASE("a parameter is destroyed once and with the frame") {
        DropCounter drops;
        Remote<int> kettle("the kettle");
        auto task = spawn_mock("the coroutine", keeps_until_the_end(drops.token(), &kettle));
        CHECK(task.poll() == Pending);
        CHECK(drops.alive() == 1);
        task.drop();
        CHECK(drops.alive() == 0);
        CHECK(drops.drops() == 1);
        CHECK(drops.copies() == 0);
    }

    TEST_CASE("a lambda without captures may be a coroutine") {
        auto greet = [](std::string guest) -> Async<std::string> {
            co_await rt::yield_now();
            co_return "hello " + guest;
        };
        auto task = spawn_mock("the coroutine", greet("you"));
        CHECK(task.poll() == Pending);
        CHECK(task.poll() == Ready(std::string("hello you")));
    }

    TEST_CASE("a local stays where it is while the coroutine waits") {
        auto task = spawn_mock("the coroutine", stays_where_it_is());
        CHECK(task.poll() == Pending);
        CHECK(task.poll() == Ready(true));
    }

    TEST_CASE("a move after the first poll is caught") {
        auto future = greets("you");
        auto task = spawn_mock("the coroutine", rt::by_ref(future));
        CHECK(task.poll() == Pending);
        expect_violation("moved after its first poll", [&] { [[maybe_unused]] auto elsewhere = std::move(future); });
        CHECK(task.poll().is_ready());
    }

    TEST_CASE("an assignment after the first poll is caught") {
        auto future = greets("you");
        auto task = spawn_mock("the coroutine", rt::by_ref(future));
        CHECK(task.poll() == Pending);
        expect_violation("assigned to after its first poll", [&] { future = greets("another"); });
        CHECK(task.poll().is_ready());
    }

    TEST_CASE("a coroutine that is done may be replaced") {
        auto future = greets("you");
        {
            auto task = spawn_mock("the coroutine", rt::by_ref(future));
            CHECK(task.poll() == Pending);
            CHECK(task.poll().is_ready());
        }
        future = greets("another");
        auto task = spawn_mock("the other coroutine", std::move(future));
        CHECK(task.poll() == Pending);
        CHECK(task.poll() == Ready(std::string("hello another")));
    }

    TEST_CASE("an Async that is awaited by reference outlives the one that awaits it") {
        auto lent = std::make_unique<Async<std::string>>(greets("you"));
        auto task = spawn_mock("the borrower", borrows(&lent));
        CHECK(task.poll() == Pending);
        SUBCASE("the borrower ends first") { CHECK(task.poll() == Ready(std::string("hello you"))); }
        SUBCASE("the borrower is destroyed first") { task.drop(); }
        lent.reset();
    }

    TEST_CASE("a body that destroys an Async that awaits it is caught") {
        expect_violation("destroyed by its own poll", [] {
            std::optional<Async<>> root;
            Async<> inner = destroys(&root);
            root.emplace(awaits(&inner));
            (void)poll_once(*root);
        });
    }
}
