#include <doctest/doctest.h>
#include <rt/async.hpp>
#include <rt/current_thread.hpp>
#include <rt/join.hpp>
#include <rt/join_set.hpp>
#include <rt/spawn_blocking.hpp>
#include <rt/sync.hpp>
#include <support/death.hpp>
#include <support/random.hpp>
#include <support/show.hpp>
#include <support/story.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <latch>
#include <memory>
#include <system_error>
#include <utility>
#include <vector>

using namespace support;
using namespace std::chrono_literals;
using rt::Async;
using rt::BlockingOptions;
using rt::BlockingPool;

namespace {

/// Counts the threads that a pool starts, and those that have ended; lets starting fail.
class ThreadCounter {
  public:
    BlockingOptions options(std::size_t max_threads, std::chrono::nanoseconds idle_time = 1h) {
        BlockingOptions options;
        options.max_threads = max_threads;
        options.idle_time = idle_time;
        options.start_thread = [this](std::function<void()> body) {
            if (fails.load()) {
                throw std::system_error(std::make_error_code(std::errc::resource_unavailable_try_again), "no thread");
            }
            started.fetch_add(1);
            return rt::Thread([this, body = std::move(body)] {
                body();
                ended.fetch_add(1);
                ended.notify_all();
            });
        };
        return options;
    }
    /// Waits until `n` threads have ended.
    void wait_for_ended(int n) const {
        for (int now = ended.load(); now < n; now = ended.load()) {
            ended.wait(now);
        }
    }

    rt::Atomic<int> started{0};
    rt::Atomic<int> ended{0};
    rt::Atomic<bool> fails{false};
};

BlockingPool& pool() { return rt::current().service<BlockingPool>(); }

/// Runs `n` jobs, each of which waits until all `n` are running.
Async<int> meet(int n) {
    auto latch = std::make_shared<std::latch>(n);
    rt::JoinSet<int> jobs;
    for (int i = 0; i < n; ++i) {
        auto wait = [latch] {
            latch->arrive_and_wait();
            return 1;
        };
        auto job = rt::spawn_blocking(wait);
        jobs.spawn(std::move(job));
    }
    int met = 0;
    while (auto one = co_await jobs.join_next()) {
        met += *one;
    }
    co_return met;
}

}  // namespace

TEST_SUITE("11.2 a bounded pool of threads") {
    TEST_CASE("as many threads as jobs that wait for each other") {
        ThreadCounter threads;
        auto body = [](ThreadCounter* t) -> Async<int> {
            pool().set_options(t->options(4));
            co_return co_await meet(4);
        };
        rt::CurrentThread runtime;
        step("four jobs wait for each other");
        CHECK(runtime.block_on(body(&threads)) == 4);
        CHECK(threads.started.load() == 4);
    }

    TEST_CASE("never more threads than allowed") {
        ThreadCounter threads;
        auto body = [](ThreadCounter* t) -> Async<> {
            pool().set_options(t->options(2));
            std::latch both_run(3);
            std::latch may_end(1);
            auto block = [&both_run, &may_end] {
                both_run.count_down();
                may_end.wait();
            };
            auto one = rt::spawn_blocking(block);
            auto two = rt::spawn_blocking(block);
            both_run.arrive_and_wait();
            step("two jobs hold both threads: spawn 100 more");
            std::vector<rt::JoinHandle<int>> handles;
            for (int i = 0; i < 100; ++i) {
                auto number = [i] { return i; };
                handles.push_back(rt::spawn_blocking(number));
            }
            CHECK(t->started.load() == 2);
            step("let them go on");
            may_end.count_down();
            co_await one;
            co_await two;
            auto all = rt::join_all(std::move(handles));
            std::vector<int> const numbers = co_await all;
            CHECK(numbers.size() == 100);
        };
        rt::CurrentThread runtime;
        runtime.block_on(body(&threads));
        CHECK(threads.started.load() == 2);
    }

    TEST_CASE("jobs begin in the order in which they came") {
        ThreadCounter threads;
        auto body = [](ThreadCounter* t) -> Async<> {
            pool().set_options(t->options(1));
            std::vector<int> order;
            std::vector<rt::JoinHandle<void>> handles;
            for (int i = 0; i < 10; ++i) {
                auto note = [i, &order] { order.push_back(i); };
                handles.push_back(rt::spawn_blocking(note));
            }
            auto all = rt::join_all(std::move(handles));
            co_await all;
            CHECK(order == std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9});
        };
        rt::CurrentThread runtime;
        step("one thread runs ten jobs");
        runtime.block_on(body(&threads));
    }

    TEST_CASE("an idle thread is used again") {
        ThreadCounter threads;
        auto body = [](ThreadCounter* t) -> Async<> {
            pool().set_options(t->options(512));
            for (int i = 0; i < 50; ++i) {
                auto nothing = [] {};
                auto job = rt::spawn_blocking(nothing);
                co_await job;
                while (pool().idle_count() == 0) {  // it has told us, and is on its way back
                    rt::yield_thread();
                }
            }
        };
        rt::CurrentThread runtime;
        step("fifty jobs, one after the other");
        runtime.block_on(body(&threads));
        CHECK(threads.started.load() == 1);
    }

    TEST_CASE("two jobs at once wake two idle threads") {
        ThreadCounter threads;
        auto body = [](ThreadCounter* t) -> Async<> {
            pool().set_options(t->options(512));
            for (int round = 0; round < 20; ++round) {
                CHECK(co_await meet(3) == 3);
                while (pool().idle_count() != 3) {
                    rt::yield_thread();
                }
            }
        };
        rt::CurrentThread runtime;
        step("twenty times three jobs that wait for each other");
        runtime.block_on(body(&threads));
        CHECK(threads.started.load() == 3);
    }

    TEST_CASE("an idle thread that was woken for one job is not counted on for the next") {
        ThreadCounter threads;
        auto body = [](ThreadCounter* t) -> Async<> {
            pool().set_options(t->options(512));
            for (int n = 1; n <= 6; ++n) {
                step("{} jobs wait for each other, and {} threads are idle", n, n - 1);
                CHECK(co_await meet(n) == n);
                while (pool().idle_count() != static_cast<std::size_t>(n)) {
                    rt::yield_thread();
                }
            }
        };
        rt::CurrentThread runtime;
        runtime.block_on(body(&threads));
        CHECK(threads.started.load() == 6);
    }

    TEST_CASE("idle threads leave and new ones come when needed") {
        ThreadCounter threads;
        auto body = [](ThreadCounter* t) -> Async<> {
            pool().set_options(t->options(512, 0ns));
            CHECK(co_await meet(3) == 3);
            step("three threads are idle, and leave at once");
            t->wait_for_ended(3);
            CHECK(pool().idle_count() == 0);
            CHECK(co_await meet(1) == 1);
            t->wait_for_ended(4);
        };
        rt::CurrentThread runtime;
        runtime.block_on(body(&threads));
        CHECK(threads.started.load() == 4);
    }

    TEST_CASE("a thread that may be idle for as long as can be said never leaves") {
        ThreadCounter threads;
        auto body = [](ThreadCounter* t) -> Async<> {
            pool().set_options(t->options(1, std::chrono::nanoseconds::max()));
            for (int n = 0; n < 3; ++n) {
                CHECK(co_await meet(1) == 1);
                while (pool().idle_count() == 0 && t->ended.load() == 0) {
                    rt::yield_thread();
                }
            }
            for (int chances = 0; chances < 60 && t->ended.load() == 0; ++chances) {
                rt::yield_thread();  // the thread may look for work before it leaves
            }
            CHECK(t->ended.load() == 0);
        };
        rt::CurrentThread runtime;
        runtime.block_on(body(&threads));
        CHECK(threads.started.load() == 1);
    }

    TEST_CASE("a thread that cannot be started is not missed while another runs") {
        ThreadCounter threads;
        auto body = [](ThreadCounter* t) -> Async<int> {
            pool().set_options(t->options(512));
            std::latch may_end(1);
            auto block = [&may_end] { may_end.wait(); };
            auto first = rt::spawn_blocking(block);
            step("no more threads can be started: spawn a second job");
            t->fails.store(true);
            auto number = [] { return 3; };
            auto second = rt::spawn_blocking(number);
            CHECK_FALSE(second.is_finished());
            may_end.count_down();
            co_await first;
            co_return co_await second;
        };
        rt::CurrentThread runtime;
        CHECK(runtime.block_on(body(&threads)) == 3);
        CHECK(threads.started.load() == 1);
    }

    TEST_CASE("without any thread spawn_blocking throws why") {
        ThreadCounter threads;
        auto body = [](ThreadCounter* t) -> Async<int> {
            pool().set_options(t->options(512));
            t->fails.store(true);
            step("no thread can be started: spawn a job");
            auto number = [] { return 3; };
            bool threw = false;
            try {
                (void)rt::spawn_blocking(number);
            } catch (const std::system_error& error) {
                threw = error.code() == std::errc::resource_unavailable_try_again;
            }
            CHECK(threw);
            CHECK_FALSE(rt::current().has_outside_work());
            step("threads can be started again");
            t->fails.store(false);
            auto job = rt::spawn_blocking(number);
            co_return co_await job;
        };
        rt::CurrentThread runtime;
        CHECK(runtime.block_on(body(&threads)) == 3);
    }

    TEST_CASE("unless told otherwise there are 512 threads at most and they leave after ten seconds") {
        CHECK(BlockingOptions().max_threads == 512);
        CHECK(BlockingOptions().idle_time == 10s);
    }

    TEST_CASE("a pool without threads is refused") {
        auto body = [] {
            rt::CurrentThread runtime;
            BlockingOptions options;
            options.max_threads = 0;
            runtime.service<BlockingPool>().set_options(options);
        };
        expect_violation("BlockingPool::set_options was called with max_threads = 0", body, Noticed::in_every_build);
    }

    TEST_CASE("work under way is counted until it has come home") {
        auto body = []() -> Async<> {
            std::latch may_end(1);
            auto block = [&may_end] { may_end.wait(); };
            auto job = rt::spawn_blocking(block);
            CHECK(rt::current().has_outside_work());
            may_end.count_down();
            co_await job;
            while (rt::current().has_outside_work()) {
                rt::yield_thread();
            }
        };
        rt::CurrentThread runtime;
        step("a job is under way");
        runtime.block_on(body());
    }

    TEST_CASE("many jobs on threads that come and go") {
        ThreadCounter threads;
        auto body = [](ThreadCounter* t, std::uint64_t seed) -> Async<long> {
            Random random(seed);
            pool().set_options(t->options(3, 1us));
            long sum = 0;
            for (int round = 0; round < 300; ++round) {
                rt::JoinSet<int> jobs;
                int const n = random.below(8);
                for (int i = 0; i < n; ++i) {
                    auto one = [] { return 1; };
                    auto job = rt::spawn_blocking(one);
                    jobs.spawn(std::move(job));
                }
                while (auto one = co_await jobs.join_next()) {
                    sum += *one;
                }
                sum -= n;
                still_alive();
            }
            co_return sum;
        };
        std::uint64_t const seed = seed_of_this_run();
        {
            rt::CurrentThread runtime;
            CHECK(runtime.block_on(body(&threads, seed)) == 0);
        }
        CHECK(threads.started.load() == threads.ended.load());
    }
}
