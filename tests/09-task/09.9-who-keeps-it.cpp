#include "queue.hpp"
#include "start.hpp"

#include <doctest/doctest.h>
#include <rt/future.hpp>
#include <rt/task.hpp>
#include <support/counted_future.hpp>
#include <support/death.hpp>
#include <support/drop_counter.hpp>
#include <support/story.hpp>

#include <memory>
#include <optional>
#include <source_location>
#include <utility>

using namespace support;
using rt::Pending;

TEST_SUITE("09.9 all together: what keeps a task alive") {
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
