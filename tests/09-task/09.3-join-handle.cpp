// Judges 09.2 too: in which order a task tells its handle, leaves its list, and gives its reference back.
#include "queue.hpp"
#include "start.hpp"

#include <doctest/doctest.h>
#include <rt/budget.hpp>
#include <rt/future.hpp>
#include <rt/task.hpp>
#include <support/calling_waker.hpp>
#include <support/counted_future.hpp>
#include <support/death.hpp>
#include <support/drop_counter.hpp>
#include <support/mock_task.hpp>
#include <support/story.hpp>
#include <support/trace_log.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

using namespace support;
using rt::Pending;
using rt::Ready;

namespace {

using Token = DropCounter::Token;

}  // namespace

TEST_SUITE("09.3 the JoinHandle") {
    TEST_CASE("the handle gives the value when the task is done") {
        Queue queue;
        Remote<int> kettle("the kettle");
        auto handle = spawn_mock("the handle", start(queue, kettle.future()));
        CHECK(handle.poll() == Pending);
        CHECK(queue.run_one());
        CHECK_FALSE(handle.is_woken());
        kettle.finish(100);
        CHECK_FALSE(handle.is_woken());  // the kettle is ready, the task has not seen it yet
        CHECK(queue.run_one());
        REQUIRE_MESSAGE(
            handle.is_woken(),
            "the task has ended, and nobody woke its JoinHandle. Do what `complete` answers: wake `join_waker_`.");
        CHECK(handle.wakes() == 1);
        CHECK(handle.poll() == Ready(100));
    }

    TEST_CASE("the task runs though nobody polls its handle") {
        Queue queue;
        Remote<int> kettle("the kettle");
        rt::JoinHandle<int> joined = start(queue, kettle.future());
        kettle.finish(100);
        CHECK_FALSE(joined.is_finished());
        CHECK(queue.run_one());
        CHECK(joined.is_finished());
        auto handle = spawn_mock("the handle", std::move(joined));
        step("the outcome has waited for us");
        CHECK(handle.poll() == Ready(100));
        CHECK(handle.clones() == 0);
    }

    TEST_CASE("the handle's waker is cloned once and used up once") {
        Queue queue;
        Remote<> kettle("the kettle");
        auto handle = spawn_mock("the handle", start(queue, kettle.future()));
        CHECK(handle.poll() == Pending);
        CHECK(handle.poll() == Pending);
        CHECK(handle.clones() == 1);  // the same waker a second time: nothing to replace
        CHECK(handle.kept_wakers() == 1);
        kettle.finish();
        CHECK(queue.run_one());
        CHECK(handle.wakes() == 1);
        CHECK(handle.kept_wakers() == 0);
        CHECK(handle.drops() == 0);
        CHECK(handle.poll() == Ready());
        CHECK(handle.kept_wakers() == 0);
    }

    TEST_CASE("a task that the end of another task wakes finds it finished") {
        Queue queue;
        std::optional<rt::JoinHandle<>> handle = start(queue, rt::ready());
        bool was_finished = false;
        CallingWaker waiter([&] { was_finished = handle->is_finished(); });
        rt::Waker const waker = waiter.waker();
        rt::Context cx(waker);
        CHECK(handle->poll(cx) == Pending);
        CHECK(queue.run_one());
        CHECK_MESSAGE(
            was_finished,
            "the task woke its JoinHandle before it was complete, so the woken task may look too early and wait forever. "
            "Call `complete` first.");
        handle.reset();
    }

    TEST_CASE("only the latest waker is woken") {
        Queue queue;
        Remote<> kettle("the kettle");
        rt::JoinHandle<> handle = start(queue, kettle.future());
        CountingWaker old_waiter;
        CountingWaker new_waiter;
        rt::Waker const old_waker = old_waiter.waker();
        rt::Waker const new_waker = new_waiter.waker();
        rt::Context old_cx(old_waker);
        rt::Context new_cx(new_waker);
        step("poll the handle with one waker, then with another");
        CHECK(handle.poll(old_cx) == Pending);
        CHECK(handle.poll(new_cx) == Pending);
        kettle.finish();
        CHECK(queue.run_one());
        CHECK_MESSAGE(
            new_waiter.wakes() == 1,
            "the handle was polled with a new waker, but not that one was woken. Register the waker in every poll.");
        CHECK(old_waiter.wakes() == 0);
        CHECK(old_waiter.alive() == 1);
    }

    TEST_CASE("a dropped handle gives its waker back") {
        Queue queue;
        Remote<> kettle("the kettle");
        auto handle = spawn_mock("the handle", start(queue, kettle.future()));
        CHECK(handle.poll() == Pending);
        CHECK(handle.kept_wakers() == 1);
        handle.drop();
        CHECK_MESSAGE(handle.kept_wakers() == 0,
                      "the handle is gone, but the task still holds its waker. Take the waker out of `join_waker_`.");
        CHECK(handle.drops() == 1);
        kettle.finish();
        CHECK(queue.run_one());
        CHECK(handle.wakes() == 0);
    }

    TEST_CASE("an output that cannot be copied") {
        Queue queue;
        Remote<std::unique_ptr<int>> kettle("the kettle");
        auto handle = spawn_mock("the handle", start(queue, kettle.future()));
        kettle.finish(std::make_unique<int>(100));
        CHECK(queue.run_one());
        rt::Poll<std::unique_ptr<int>> result = handle.poll();
        REQUIRE(result.is_ready());
        CHECK(*result.value() == 100);
    }

    TEST_CASE("dropping the handle detaches and the task goes on") {
        Queue queue;
        Remote<> kettle("the kettle");
        std::optional<rt::JoinHandle<>> handle = start(queue, kettle.future());
        CHECK(queue.run_one());
        step("drop the handle");
        handle.reset();
        CHECK(kettle.drops() == 0);
        kettle.finish();
        CHECK(queue.run_one());
        CHECK(kettle.polls() == 2);
        CHECK(kettle.drops() == 1);
    }

    TEST_CASE("the output is destroyed once by whoever goes last") {
        Queue queue;
        DropCounter outputs;
        auto work = [&] {
            return rt::poll_fn([&](rt::Context&) -> rt::Poll<Token> { return Ready(outputs.token()); });
        };
        SUBCASE("the handle takes it") {
            {
                auto handle = spawn_mock("the handle", start(queue, work()));
                CHECK(queue.run_one());
                CHECK(outputs.alive() == 1);
                std::optional<Token> taken = handle.poll().value();
                CHECK(outputs.alive() == 1);
                taken.reset();
                CHECK(outputs.drops() == 1);
            }
            CHECK(outputs.drops() == 1);
        }
        SUBCASE("the handle goes before the task is done") {
            { auto handle = start(queue, work()); }
            CHECK(queue.run_one());
            CHECK(outputs.drops() == 1);
        }
        SUBCASE("the handle goes when the task is done") {
            {
                auto handle = start(queue, work());
                CHECK(queue.run_one());
                CHECK(outputs.drops() == 0);
                step("drop the handle");
            }
            CHECK(outputs.drops() == 1);
        }
        SUBCASE("a waker outlives both") {
            rt::Waker waker;
            {
                auto keep_waker = rt::poll_fn([&](rt::Context& cx) -> rt::Poll<Token> {
                    waker = cx.waker();
                    return Ready(outputs.token());
                });
                auto handle = start(queue, std::move(keep_waker));
                CHECK(queue.run_one());
            }
            CHECK(outputs.drops() == 1);
            std::move(waker).wake();
            CHECK(outputs.drops() == 1);
        }
        CHECK(outputs.alive() == 0);
        CHECK(outputs.copies() == 0);
    }

    TEST_CASE("a handle that goes just before its task is complete leaves the outcome alone") {
        Queue queue;
        DropCounter outputs;
        std::optional<rt::JoinHandle<Token>> handle;
        int left = 0;
        std::shared_ptr<void> drops_the_handle(nullptr, [&](void*) {
            step("the outcome is stored, and the future drops the handle in its destructor");
            handle.reset();
            left = outputs.alive();
        });
        auto work = [&outputs, end = std::move(drops_the_handle)](rt::Context&) -> rt::Poll<Token> {
            return Ready(outputs.token());
        };
        handle = start(queue, rt::poll_fn(std::move(work)));
        CHECK(queue.run_one());
        CHECK_MESSAGE(
            left == 1,
            "the handle destroyed the outcome of a task that was not complete, while another thread may store it. Do "
            "only what the state word answers.");
        CHECK(outputs.alive() == 0);
    }

    TEST_CASE("a handle that is polled just before its task is complete waits") {
        Queue queue;
        DropCounter outputs;
        auto gives = [&outputs](rt::Context&) -> rt::Poll<Token> { return Ready(outputs.token()); };
        std::optional<rt::JoinHandle<Token>> handle;
        CountingWaker waiter;
        rt::Waker const waker = waiter.waker();
        rt::Context cx(waker);
        bool is_pending = false;
        std::shared_ptr<void> polls_the_handle(nullptr, [&](void*) {
            step("the outcome is stored, and the future polls the handle in its destructor");
            is_pending = handle->poll(cx).is_pending();
        });
        auto work = [gives, end = std::move(polls_the_handle)](rt::Context& task_cx) { return gives(task_cx); };
        handle = start(queue, rt::poll_fn(std::move(work)));
        CHECK(queue.run_one());
        REQUIRE_MESSAGE(
            is_pending,
            "the handle gave the outcome of a task that was not complete, while another thread may store it. Ask "
            "`is_finished` both times.");
        CHECK(waiter.wakes() == 1);
        CHECK(handle->poll(cx).is_ready());
    }

    TEST_CASE("a result counts against the budget of the task that takes it") {
        Queue queue;
        auto first = spawn_mock("the first handle", start(queue, rt::ready(1)));
        auto second = spawn_mock("the second handle", start(queue, rt::ready(2)));
        CHECK(queue.run_one());
        CHECK(queue.run_one());
        rt::budget::refill();
        for (std::uint64_t n = 1; n < rt::budget::per_poll; ++n) {
            rt::budget::spend();
        }
        step("one result is left");
        CHECK(first.poll() == Ready(1));
        CHECK(second.poll() == Pending);
        CHECK(second.wakes() == 1);
        step("the task has another turn");
        rt::budget::refill();
        CHECK(second.poll() == Ready(2));
        rt::budget::lift();
    }

    TEST_CASE("a handle gives its outcome once") {
        expect_violation(
            "a JoinHandle was used after it gave its outcome",
            [] {
                Queue queue;
                auto handle = spawn_mock("the handle", start(queue, rt::ready(3)));
                queue.run_one();
                (void)handle.poll();
                (void)handle.poll();
            },
            Noticed::in_every_build);
    }

    TEST_CASE("a handle that was moved from is empty") {
        Queue queue;
        rt::JoinHandle<int> first = start(queue, rt::ready(3));
        rt::JoinHandle<int> second = std::move(first);
        first.abort();  // NOLINT: an empty handle aborts nothing
        CHECK(first.is_finished());
        first.detach();
        CHECK(queue.run_one());
        auto handle = spawn_mock("the handle", std::move(second));
        CHECK(handle.poll() == Ready(3));
    }

    TEST_CASE("a handle that is assigned to detaches the task it had") {
        Queue queue;
        DropCounter outputs;
        auto work = [&] {
            return rt::poll_fn([&](rt::Context&) -> rt::Poll<Token> { return Ready(outputs.token()); });
        };
        auto handle = start(queue, work());
        CHECK(queue.run_one());
        handle = start(queue, work());
        CHECK(outputs.drops() == 1);
        CHECK(queue.run_one());
        handle.detach();
        CHECK(outputs.drops() == 2);
    }

    TEST_CASE("the last waker takes a task with it that nobody else knows") {
        TraceLog log{TraceLog::Kind::drop};
        Queue queue;
        DropCounter futures;
        rt::Waker first;
        rt::Waker second;
        auto [runnable, handle] =
            rt::make_task(rt::poll_fn([&, token = futures.token()](rt::Context& cx) -> rt::Poll<void> {
                              first = cx.waker();
                              second = cx.waker();
                              return Pending;
                          }),
                          queue);
        log.call(&runnable.task(), "the task");
        queue.start(std::move(runnable));
        CHECK(queue.run_one());
        handle.detach();
        CHECK(futures.alive() == 1);
        step("drop one of its two wakers");
        first = rt::Waker();
        CHECK(futures.alive() == 1);
        step("drop the other one");
        second = rt::Waker();
        CHECK(queue.schedules() == 0);
        CHECK(futures.alive() == 0);
        CHECK(log.text() == "drop the task\n");
    }

    TEST_CASE("a task that returned Pending and that nobody can wake") {
        Queue queue;
        DropCounter futures;
        auto silent = [](Token token) {
            return rt::poll_fn([token = std::move(token)](rt::Context&) -> rt::Poll<void> { return Pending; });
        };
        SUBCASE("with a handle it waits for an abort") {
            auto handle = start(queue, silent(futures.token()));
            CHECK(queue.run_one());
            CHECK(futures.alive() == 1);
            step("drop the handle: nobody knows the task now");
            handle.detach();
            CHECK(futures.alive() == 0);
        }
        SUBCASE("without a handle and in no list it is destroyed") {
            TraceLog log{TraceLog::Kind::drop};
            start(queue, silent(futures.token())).detach();
            CHECK(queue.run_one());
            CHECK(futures.alive() == 0);
            CHECK(log.text() == "drop #1\n");
        }
    }

    TEST_CASE("a task that nothing can wake is reported") {
        expect_violation("returned Pending but kept no waker", [] {
            Queue queue;
            auto forgets = rt::poll_fn([](rt::Context&) -> rt::Poll<void> { return rt::Pending; });
            start(queue, std::move(forgets), rt::Owned::yes).detach();
            queue.run_one();
        });
    }
}
