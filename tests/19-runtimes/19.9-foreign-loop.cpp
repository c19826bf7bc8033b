#include "hosts.hpp"
#include "waiting.hpp"

#include <doctest/doctest.h>
#include <rt/async.hpp>
#include <rt/hosted.hpp>
#include <rt/join_set.hpp>
#include <rt/park.hpp>
#include <rt/spawn.hpp>
#include <rt/sys.hpp>
#include <rt/task.hpp>
#include <rt/time.hpp>
#include <rt/yield_now.hpp>
#include <support/drop_counter.hpp>
#include <support/late_bytes.hpp>
#include <support/story.hpp>

#include <chrono>
#include <vector>

using namespace support;
using namespace std::chrono_literals;

namespace {

rt::Async<> begin_to_wait(LateBytes* clients) {
    for (int i = 0; i < clients->count(); ++i) {
        rt::spawn(clients->serve(i)).detach();
    }
    while (clients->waiting.load() < clients->count()) {
        co_await rt::yield_now();
    }
}

rt::Async<> until_all_have_ended(LateBytes* clients) {
    while (!clients->all_have_ended()) {
        co_await rt::yield_now();
    }
}

}  // namespace

TEST_SUITE("19.9 all together: a foreign loop") {
    TEST_CASE("a task that always has something to do does not keep the host from its handlers") {
        on_each_host([]<class Host>() {
            rt::Hosted<Host> runtime;
            auto busy = [](bool* stop) -> rt::Async<int> {
                int rounds = 0;
                while (!*stop) {
                    ++rounds;
                    co_await rt::yield_now();
                }
                co_return rounds;
            };
            bool stop = false;
            typename Host::Timer timer(runtime.host(), [&stop] { stop = true; });
            timer.set(rt::sys::now() + 1ms);
            step("yield until a handler of the host says stop");
            CHECK(runtime.block_on(busy(&stop)) > 0);
        });
    }

    TEST_CASE("what is ready is not late however long the host stands still") {
        on_each_host([]<class Host>() {
            for (int count : {1, 62, 2000}) {
                rt::Hosted<Host> runtime;
                LateBytes clients(count);
                runtime.block_on(begin_to_wait(&clients));
                clients.stand_still();
                runtime.block_on(until_all_have_ended(&clients));
                CHECK_MESSAGE(clients.late.load() == 0, "timers fired before the bytes that were there had been seen");
            }
        });
    }

    TEST_CASE("a loop that other code stops ends block_on") {
        on_each_host([]<class Host>() {
            rt::Hosted<Host> runtime;
            DropCounter futures;
            auto wait = [](DropCounter::Token) -> rt::Async<> { co_await rt::sleep_until(rt::Instant::max()); };
            typename Host::Timer timer(runtime.host(), [&runtime] { stop(runtime.host()); });
            timer.set(rt::sys::now() + 1ms);
            CHECK_THROWS_AS(runtime.block_on(wait(futures.token())), rt::Cancelled);
            CHECK(futures.drops() == 1);
            step("the next block_on starts the loop again");
            runtime.block_on(yield_often(3));
        });
    }

    TEST_CASE("a paused clock jumps when the host has nothing to do") {
        on_each_host([]<class Host>() {
            rt::Hosted<Host> runtime;
            auto nap = []() -> rt::Async<rt::Instant::duration> {
                rt::time::pause();
                rt::Instant const start = rt::time::now();
                co_await rt::sleep(10ms);
                co_await rt::sleep(1h);
                co_return rt::time::now() - start;
            };
            CHECK(runtime.block_on(nap()) == 1h + 10ms);
        });
    }

    TEST_CASE("block_on again and again on one loop") {
        on_each_host([]<class Host>() {
            rt::Hosted<Host> runtime;
            for (int i = 0; i < 100; ++i) {
                step("run {}", i);
                runtime.block_on(yield_often(i));
            }
        });
    }

    TEST_CASE("an earlier timer set later is in time") {
        on_each_host([]<class Host>() {
            rt::Hosted<Host> runtime;
            auto both = []() -> rt::Async<std::vector<int>> {
                std::vector<int> order;
                auto sleeper = [](std::vector<int>* out, int n) -> rt::Async<> {
                    co_await rt::sleep(std::chrono::milliseconds(n));
                    out->push_back(n);
                };
                rt::JoinSet<> set;
                for (int n : {40, 20, 1}) {
                    set.spawn(sleeper, &order, n);
                    co_await rt::yield_now();
                }
                while (auto done = co_await set.join_next()) {}
                co_return order;
            };
            step("set timers of 40, 20 and 1 ms, a turn apart");
            CHECK(runtime.block_on(both()) == std::vector<int>{1, 20, 40});
        });
    }
}
