#include "queue.hpp"
#include "start.hpp"

#include <doctest/doctest.h>
#include <rt/future.hpp>
#include <rt/task.hpp>
#include <support/counted_future.hpp>
#include <support/death.hpp>
#include <support/drop_counter.hpp>
#include <support/story.hpp>
#include <support/trace_log.hpp>

#include <memory>
#include <optional>
#include <source_location>
#include <stdexcept>
#include <utility>

using namespace support;
using rt::Pending;
using rt::Ready;

namespace {

using Token = DropCounter::Token;

}  // namespace

TEST_SUITE("09.3 what keeps a task alive") {
    TEST_CASE("handles in a circle: a task may hold the handle of itself") {
        Queue queue;
        Remote<> kettle("the kettle");
        auto box = std::make_unique<std::optional<rt::JoinHandle<>>>();
        auto* place = box.get();
        auto inner = kettle.future();
        auto work = rt::poll_fn(
            [box = std::move(box), inner = std::move(inner)](rt::Context& cx) mutable { return inner.poll(cx); });
        place->emplace(start(queue, std::move(work)));
        CHECK(queue.run_one());
        kettle.finish();
        CHECK(queue.run_one());
        CHECK(kettle.drops() == 1);
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

    TEST_CASE("a wake by reference keeps the waker's hold and a wake by value gives it to the Runnable") {
        Queue queue;
        DropCounter futures;
        rt::Waker waker;
        start(queue, rt::poll_fn([&, token = futures.token(), polls = 0](rt::Context& cx) mutable -> rt::Poll<void> {
                  if (++polls == 1) {
                      waker = cx.waker();
                  }
                  return Pending;
              }))
            .detach();
        CHECK(queue.run_one());
        step("wake it by reference, and run it");
        waker.wake_by_ref();
        CHECK(queue.run_one());
        CHECK(futures.alive() == 1);
        step("wake it by value, and run it: nobody knows it now");
        std::move(waker).wake();
        CHECK(futures.alive() == 1);
        CHECK(queue.run_one());
        CHECK(futures.alive() == 0);
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

    TEST_CASE("kept by a list and by nobody who could wake it: a mistake that is named") {
        auto const where = std::source_location::current();
        expect_violation(name_of_task(where) + ": returned Pending but kept no waker", [&] {
            Queue queue;
            auto silent = [](rt::Context&) -> rt::Poll<void> { return Pending; };
            auto future = rt::poll_fn(silent);
            start(queue, std::move(future), rt::Owned::yes, where).detach();
            queue.run_one();
        });
    }
}
