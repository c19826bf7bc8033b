/// \file
/// 10.1: who spawns, what may be spawned, and what its handle gives.
#include "notes.hpp"

#include <doctest/doctest.h>
#include <rt/async.hpp>
#include <rt/current_thread.hpp>
#include <rt/future.hpp>
#include <rt/yield_now.hpp>
#include <support/counted_future.hpp>
#include <support/drop_counter.hpp>
#include <support/show.hpp>
#include <support/story.hpp>

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using namespace support;

namespace {

rt::Async<int> plus(int a, std::unique_ptr<int> b) {
    co_await rt::yield_now();
    co_return a + *b;
}

}  // namespace

TEST_SUITE("10.9 all together: what is spawned") {
    TEST_CASE("a task spawns tasks that spawn tasks") {
        rt::CurrentThread runtime;
        Notes notes;
        struct Family {
            static rt::Async<int> descend(Notes* out, int depth) {
                out->push_back("down to " + std::to_string(depth));
                if (depth == 0) {
                    co_return 0;
                }
                auto child = rt::spawn(descend(out, depth - 1));
                int const below = co_await child;
                out->push_back("up from " + std::to_string(depth - 1));
                co_return below + 1;
            }
        };
        CHECK(runtime.block_on(Family::descend(&notes, 3)) == 3);
        CHECK(notes ==
              Notes{"down to 3", "down to 2", "down to 1", "down to 0", "up from 0", "up from 1", "up from 2"});
    }

    TEST_CASE("a handle may be awaited by another task") {
        rt::CurrentThread runtime;
        Remote<int> kettle("the kettle");
        auto pour = [](rt::JoinHandle<int> water) -> rt::Async<int> { co_return co_await water + 1; };
        auto main = [](CountedFuture<int> boil, auto pourer, Remote<int>* remote) -> rt::Async<int> {
            auto boiling = rt::spawn(std::move(boil));
            auto poured = rt::spawn(pourer, std::move(boiling));
            co_await rt::yield_now();
            remote->finish(99);
            co_return co_await poured;
        };
        CHECK(runtime.block_on(main(kettle.future(), pour, &kettle)) == 100);
    }

    TEST_CASE("the exception of a task harms no other and comes with its handle") {
        rt::CurrentThread runtime;
        Notes notes;
        auto fail = []() -> rt::Async<> {
            co_await rt::yield_now();
            throw std::runtime_error("no tea");
        };
        auto main = [](Notes* out, auto failing) -> rt::Async<> {
            auto before = rt::spawn(take_turns(out, "before", 3));
            auto failed = rt::spawn(failing());
            auto after = rt::spawn(take_turns(out, "after", 3));
            co_await before;
            co_await after;
            try {
                co_await failed;
            } catch (const std::runtime_error& error) {
                out->push_back(error.what());
            }
        };
        runtime.block_on(main(&notes, fail));
        CHECK(notes == Notes{"before1", "after1", "before2", "after2", "before3", "after3", "no tea"});
    }

    TEST_CASE("a callable and its arguments are kept by the task") {
        rt::CurrentThread runtime;
        DropCounter captures;
        auto main = [](DropCounter::Token token) -> rt::Async<int> {
            step("spawn a lambda that is a coroutine with captures, and one with arguments");
            auto coroutine = [token = std::move(token), text = std::string("a text that is not short at all")]()
                -> rt::Async<std::size_t> {  // house-rule: allow spawn keeps the closure
                co_await rt::yield_now();
                co_return text.size();
            };
            auto size = rt::spawn(std::move(coroutine));
            auto sum = rt::spawn(plus, 1, std::make_unique<int>(2));
            co_await rt::yield_now();
            auto const length = static_cast<int>(co_await size);
            co_return length + co_await sum;
        };
        CHECK(runtime.block_on(main(captures.token())) == 34);
        CHECK(captures.alive() == 0);
        CHECK(captures.copies() == 0);
    }

    TEST_CASE("an argument lives as long as its task though the parameter is a reference") {
        rt::CurrentThread runtime;
        auto main = []() -> rt::Async<std::size_t> {
            auto length = [](const std::string& text) -> rt::Async<std::size_t> {  // house-rule: allow it is kept
                co_await rt::yield_now();
                co_return text.size();
            };
            auto handle = rt::spawn(length, std::string("a text that is not short at all"));
            co_return co_await handle;
        };
        CHECK(runtime.block_on(main()) == 31);
    }

    TEST_CASE("a callable that throws when it is called ends its task only") {
        rt::CurrentThread runtime;
        auto main = []() -> rt::Async<bool> {
            auto refuse = [](int) -> rt::Async<> { throw std::runtime_error("called"); };
            auto handle = rt::spawn(refuse, 3);
            try {
                co_await handle;
            } catch (const std::runtime_error&) {
                co_return true;
            }
            co_return false;
        };
        CHECK(runtime.block_on(main()));
    }

    TEST_CASE("what is bound to its thread is spawned by spawn_local") {
        struct Window : rt::ThreadBound {
            explicit Window(int w) : width(w) {}
            int width;
        };
        rt::CurrentThread runtime;
        auto width_of = [](Window window) -> rt::Async<int> {
            window.require_own_thread("Window");
            co_return window.width;
        };
        auto main = [](auto f) -> rt::Async<int> {
            Window window(80);
            auto call = [f, window] { return f(window); };
            auto local = rt::spawn_local(call);
            auto future = rt::spawn_local(rt::ready(3));
            int const three = co_await future;
            co_return co_await local + three;
        };
        CHECK(runtime.block_on(main(width_of)) == 83);
        static_assert(!rt::is_send<Window>);
        static_assert(!rt::is_send<std::vector<std::unique_ptr<Window>>>);
        static_assert(!rt::is_send<std::pair<int, const Window*>>);
        static_assert(!rt::is_send<rt::Async<Window>>);
        static_assert(rt::is_send<struct NotDefinedYet*>);
        static_assert(rt::is_send<std::string>);
    }
}
