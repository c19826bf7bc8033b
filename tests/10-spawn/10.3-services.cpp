#include "counting_park.hpp"
#include "notes.hpp"

#include <doctest/doctest.h>
#include <rt/async.hpp>
#include <rt/block_on.hpp>
#include <rt/current_thread.hpp>
#include <rt/future.hpp>
#include <rt/scheduler.hpp>
#include <support/counted_future.hpp>
#include <support/sanitizers.hpp>
#include <support/show.hpp>
#include <support/story.hpp>
#include <support/test_thread.hpp>

#include <latch>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

using namespace support;
using rt::Pending;
using rt::Ready;

namespace {

rt::Async<> hold(Leaves, CountedFuture<void> future) { co_await future; }

// Three services: each says where to write when it goes.
Notes* service_notes = nullptr;

struct Cellar {
    explicit Cellar(rt::Scheduler&) { ++made; }
    ~Cellar() { service_notes->push_back("cellar gone"); }
    static inline int made = 0;
};
struct Kitchen {
    explicit Kitchen(rt::Scheduler&) {}
    ~Kitchen() { service_notes->push_back("kitchen gone"); }
};
/// Needs a cellar, and makes it if there is none.
struct House {
    explicit House(rt::Scheduler& scheduler) : cellar(scheduler.service<Cellar>()) {}
    ~House() { service_notes->push_back("house gone"); }
    Cellar& cellar;
};

}  // namespace

TEST_SUITE("10.3 services") {
    TEST_CASE("a service is made once and found") {
        Notes notes;
        service_notes = &notes;
        {
            rt::CurrentThread runtime;
            CHECK(runtime.find_service<Cellar>() == nullptr);
            int const before = Cellar::made;
            Cellar& made = runtime.service<Cellar>();
            step("ask for it again, outside and inside of a task");
            CHECK(&runtime.service<Cellar>() == &made);
            auto ask =
                rt::poll_fn([](rt::Context&) -> rt::Poll<Cellar*> { return Ready(&rt::current().service<Cellar>()); });
            CHECK(runtime.block_on(std::move(ask)) == &made);
            CHECK(runtime.find_service<Cellar>() == &made);
            CHECK(Cellar::made == before + 1);
            CHECK(notes.empty());
        }
        CHECK(notes == Notes{"cellar gone"});
    }

    TEST_CASE("two runtimes have a service each") {
        Notes notes;
        service_notes = &notes;
        rt::CurrentThread first;
        rt::CurrentThread second;
        CHECK(&first.service<Cellar>() != &second.service<Cellar>());
    }

    TEST_CASE("services go after all tasks: the youngest first") {
        Notes notes;
        service_notes = &notes;
        Remote<> kettle("the kettle");
        {
            rt::CurrentThread runtime;
            runtime.service<Kitchen>();
            runtime.service<Cellar>();
            runtime.spawn(hold(Leaves(notes, "task gone"), kettle.future())).detach();
            runtime.block_on(rt::Countdown(1));
        }
        CHECK(notes == Notes{"task gone", "cellar gone", "kitchen gone"});
    }

    TEST_CASE("services go after all tasks though one turn does not end them all") {
        Notes notes;
        service_notes = &notes;
        {
            rt::CurrentThread runtime;
            runtime.service<Kitchen>();
            auto wait = [](Leaves) -> rt::Async<> {
                auto never = rt::pending<>();
                co_await never;
            };
            for (unsigned n = 0; n <= rt::CurrentThread::look_interval; ++n) {
                runtime.spawn(wait(Leaves(notes, "task gone"))).detach();
            }
            step("destroy the runtime with 62 tasks");
        }
        CHECK(notes.size() == rt::CurrentThread::look_interval + 2);
        CHECK(notes.back() == "kitchen gone");
    }

    TEST_CASE("a service may need another: that one is older and goes later") {
        Notes notes;
        service_notes = &notes;
        {
            rt::CurrentThread runtime;
            step("make a house, which makes its cellar");
            House& house = runtime.service<House>();
            CHECK(&house.cellar == runtime.find_service<Cellar>());
        }
        CHECK(notes == Notes{"house gone", "cellar gone"});
    }

    TEST_CASE("a service that many threads ask for is made once") {
        Notes notes;
        service_notes = &notes;
        rt::CurrentThread runtime;
        std::latch all_here(3);
        Cellar* found[3] = {};
        int const before = Cellar::made;
        {
            std::vector<TestThread> threads;
            for (Cellar*& place : found) {
                threads.emplace_back([&runtime, &all_here, &place] {
                    all_here.arrive_and_wait();
                    place = &runtime.service<House>().cellar;
                });
            }
        }
        CHECK(Cellar::made == before + 1);
        CHECK(found[0] == found[1]);
        CHECK(found[1] == found[2]);
    }

    TEST_CASE("the runtime is unparked when the last work outside ends") {
        CountingPark park;
        rt::CurrentThread runtime(park);
        CHECK_FALSE(runtime.has_outside_work());
        runtime.begin_outside_work();
        runtime.begin_outside_work();
        TestThread([&] { runtime.end_outside_work(); }).join();
        CHECK(runtime.has_outside_work());
        CHECK(park.unparks() == 0);
        TestThread([&] { runtime.end_outside_work(); }).join();
        CHECK_FALSE(runtime.has_outside_work());
        CHECK(park.unparks() == 1);
    }

    TEST_CASE("a park that wraps and a base that changes") {
        /// Passes on to the base, as the timers do.
        struct Around final : rt::Park {
            explicit Around(rt::Scheduler& scheduler) : base(scheduler.base_park()) { scheduler.wrap_park(*this); }
            void park(std::optional<rt::Instant> deadline) override {
                ++parks;
                base.park(deadline);
            }
            void unpark() noexcept override { base.unpark(); }
            rt::Park& base;
            int parks = 0;
        };
        CountingPark first;
        CountingPark second;
        Remote<> kettle("the kettle");
        rt::CurrentThread runtime(first);
        Around& around = runtime.service<Around>();
        step("sleep: around the first");
        first.instead_of_sleep([&] { kettle.wake_for_nothing(); });
        second.instead_of_sleep([&] { kettle.finish(); });
        runtime.block_on(rt::Countdown(rt::CurrentThread::look_interval));
        CHECK(around.parks == 1);
        CHECK(first.looks() == 1);
        step("change the base: around the second");
        runtime.set_base(second);
        runtime.block_on(kettle.future());
        CHECK(first.sleeps() == 0);
        CHECK(second.sleeps() == 2);  // the token of the change, and the sleep
        CHECK(around.parks == 3);
    }
}
