#include <doctest/doctest.h>
#include <rt/async.hpp>
#include <rt/block_on.hpp>
#include <rt/current_thread.hpp>
#include <rt/future.hpp>
#include <rt/join.hpp>
#include <rt/spawn_blocking.hpp>
#include <rt/sync.hpp>
#include <rt/task.hpp>
#include <rt/waker.hpp>
#include <support/counting_waker.hpp>
#include <support/drop_counter.hpp>
#include <support/show.hpp>
#include <support/story.hpp>

#include <functional>
#include <latch>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

using namespace support;
using rt::Async;

namespace {

int add(int a, int b) { return a + b; }

/// A callable that knows whether it was moved into its call.
class Taster {
  public:
    bool operator()() & { return false; }
    bool operator()() && { return true; }
};

class Kettle {
  public:
    int boil(int cups) { return cups; }
};

/// A waker that looks at a job's handle at the moment it is woken.
class LookingWaker {
  public:
    explicit LookingWaker(rt::JoinHandle<int>& handle) : handle_(handle) {}
    rt::Waker waker() { return rt::Waker(this, &vtable); }

    /// What it saw; called when `woken` was waited for.
    bool saw_it_finished() const { return finished_; }
    std::latch woken{1};

  private:
    static void look(void* data) noexcept {
        auto& self = *static_cast<LookingWaker*>(data);
        self.finished_ = self.handle_.is_finished();
        self.woken.count_down();
    }
    static void nothing(void*) noexcept {}
    static constexpr rt::WakerVTable vtable{&nothing, &look, &look, &nothing};

    rt::JoinHandle<int>& handle_;
    bool finished_ = false;
};

}  // namespace

TEST_SUITE("11.2 a call on another thread") {
    TEST_CASE("the result comes home") {
        auto body = []() -> Async<int> {
            auto handle = rt::spawn_blocking(add, 1, 2);
            co_return co_await handle;
        };
        rt::CurrentThread runtime;
        step("await add(1, 2) on another thread");
        int sum = 0;
        bool was_cancelled = false;
        try {
            sum = runtime.block_on(body());
        } catch (const rt::Cancelled&) {
            was_cancelled = true;
        }
        REQUIRE_MESSAGE(!was_cancelled,
                        "the job was destroyed, and nobody has run it. Give it to the pool with pool.submit.");
        CHECK(sum == 3);
    }

    TEST_CASE("the call is made on another thread") {
        auto body = []() -> Async<rt::ThreadId> {
            auto handle = rt::spawn_blocking(rt::this_thread_id);
            co_return co_await handle;
        };
        rt::CurrentThread runtime;
        bool const was_elsewhere = runtime.block_on(body()) != rt::this_thread_id();
        CHECK_MESSAGE(
            was_elsewhere,
            "the runtime's own thread made the call, so no other task can run meanwhile. Let the pool run the "
            "job.");
    }

    TEST_CASE("the runtime goes on while the job blocks") {
        std::latch opened(1);
        auto body = [](std::latch* latch) -> Async<> {
            auto wait = [latch] { latch->wait(); };
            auto job = rt::spawn_blocking(wait);
            auto open = [](std::latch* l) -> Async<> {
                step("a task of the runtime opens the latch");
                l->count_down();
                co_return;
            };
            auto task = rt::spawn(open, latch);
            co_await job;
            co_await task;
        };
        rt::CurrentThread runtime;
        step("a job waits for a latch that a task opens");
        runtime.block_on(body(&opened));
        CHECK(opened.try_wait());
    }

    TEST_CASE("spawn_blocking itself does not wait") {
        std::latch opened(1);
        auto body = [](std::latch* latch) -> Async<bool> {
            auto wait = [latch] { latch->wait(); };
            auto job = rt::spawn_blocking(wait);
            bool const was_finished = job.is_finished();
            step("the job was spawned: open the latch that it waits for");
            latch->count_down();
            co_await job;
            co_return was_finished;
        };
        rt::CurrentThread runtime;
        CHECK_FALSE(runtime.block_on(body(&opened)));
    }

    TEST_CASE("an exception comes home") {
        auto body = []() -> Async<std::string> {
            auto burst = [](std::string what) -> int { throw std::runtime_error(what + " burst"); };
            auto job = rt::spawn_blocking(burst, std::string("the kettle"));
            std::string message;
            try {
                (void)co_await job;
            } catch (const std::runtime_error& error) {
                message = error.what();
            }
            co_return message;
        };
        rt::CurrentThread runtime;
        CHECK(runtime.block_on(body()) == "the kettle burst");
    }

    TEST_CASE("arguments and results that can only be moved") {
        auto body = []() -> Async<int> {
            auto fill = [](std::unique_ptr<int> cup) {
                *cup += 1;
                return cup;
            };
            auto job = rt::spawn_blocking(fill, std::make_unique<int>(2));
            std::unique_ptr<int> const cup = co_await job;
            co_return *cup;
        };
        rt::CurrentThread runtime;
        CHECK(runtime.block_on(body()) == 3);
    }

    TEST_CASE("a callable is moved into its call") {
        auto body = []() -> Async<bool> {
            auto job = rt::spawn_blocking(Taster());
            co_return co_await job;
        };
        rt::CurrentThread runtime;
        bool const was_moved = runtime.block_on(body());
        CHECK_MESSAGE(was_moved,
                      "the callable was called without a move, but some can be called only once. Call "
                      "std::invoke(std::move(f), …).");
    }

    TEST_CASE("a member function is called on the first argument") {
        auto body = []() -> Async<int> {
            // std::invoke can call a member function, and f(…) can't.
            auto job = rt::spawn_blocking(&Kettle::boil, Kettle(), 3);
            co_return co_await job;
        };
        rt::CurrentThread runtime;
        CHECK(runtime.block_on(body()) == 3);
    }

    TEST_CASE("callable and arguments are not copied and go before the result is there") {
        DropCounter things;
        auto body = [](DropCounter* counter) -> Async<> {
            auto look = [token = counter->token()](const DropCounter::Token&) { (void)token; };
            auto job = rt::spawn_blocking(std::move(look), counter->token());
            co_await job;
            CHECK(counter->alive() == 0);
        };
        rt::CurrentThread runtime;
        runtime.block_on(body(&things));
        CHECK(things.copies() == 0);
        CHECK(things.drops() == 2);
    }

    TEST_CASE("a call that waits owns its callable and its arguments") {
        DropCounter things;
        auto body = [](DropCounter* counter) -> Async<> {
            rt::BlockingOptions options;
            options.max_threads = 1;
            auto& pool = rt::current().service<rt::BlockingPool>();
            pool.set_options(options);
            std::latch may_end(1);
            auto block = [&may_end](rt::Context&) -> rt::Poll<void> {
                may_end.wait();
                return rt::Ready();
            };
            auto [blocker, running] = rt::make_task(rt::poll_fn(block), pool);
            pool.submit(std::move(blocker));
            step("the only thread is at work: spawn a call with a token and an argument");
            auto look = [token = counter->token()](const DropCounter::Token&) { (void)token; };
            auto waiting = rt::spawn_blocking(std::move(look), counter->token());
            bool const are_kept = counter->alive() == 2;
            if (!are_kept) {
                waiting.abort();  // it would use what is gone
            }
            may_end.count_down();
            co_await running;
            REQUIRE_MESSAGE(
                are_kept, "the callable or an argument was destroyed before the call began. Move both into the task.");
            co_await waiting;
        };
        rt::CurrentThread runtime;
        runtime.block_on(body(&things));
        CHECK(things.copies() == 0);
        CHECK(things.drops() == 2);
    }

    TEST_CASE("the result is stored before the handle is woken") {
        rt::CurrentThread runtime;
        rt::EnterScheduler entered(runtime);
        std::latch asked(1);
        auto wait = [&asked] {
            asked.wait();
            return 3;
        };
        auto handle = rt::spawn_blocking(wait);
        LookingWaker looker(handle);
        rt::Waker waker = looker.waker();
        rt::Context cx(waker);
        step("poll the handle of a job that has not ended");
        CHECK(handle.poll(cx) == rt::Pending);
        step("the job ends");
        asked.count_down();
        looker.woken.wait();
        CHECK(looker.saw_it_finished());
        CHECK(handle.poll(cx) == rt::Ready(3));
    }

    TEST_CASE("the handle is woken once") {
        std::latch runs(1);
        std::latch asked(1);
        CountingWaker counter;
        std::optional<rt::JoinHandle<int>> handle;
        {
            rt::CurrentThread runtime;
            rt::EnterScheduler entered(runtime);
            auto wait = [&runs, &asked] {
                runs.count_down();
                asked.wait();
                return 3;
            };
            handle.emplace(rt::spawn_blocking(wait));
            rt::Waker waker = counter.waker();
            rt::Context cx(waker);
            CHECK(handle->poll(cx) == rt::Pending);
            CHECK(handle->poll(cx) == rt::Pending);
            runs.wait();
            step("the job ends, and then the runtime, which joins its thread");
            asked.count_down();
        }
        CHECK(counter.wakes() == 1);
        CHECK(rt::block_on(std::move(*handle)) == 3);
    }

    TEST_CASE("a job whose handle is dropped runs all the same") {
        std::latch ran(1);
        auto body = [](std::latch* latch) -> Async<> {
            auto run = [latch] { latch->count_down(); };
            (void)rt::spawn_blocking(run);
            co_return;
        };
        rt::CurrentThread runtime;
        runtime.block_on(body(&ran));
        step("wait until the job has run");
        ran.wait();
        CHECK(ran.try_wait());
    }

    TEST_CASE("a job may block on a future") {
        auto body = []() -> Async<int> {
            auto block = [] { return rt::block_on(rt::ready(3)); };
            auto job = rt::spawn_blocking(block);
            co_return co_await job;
        };
        rt::CurrentThread runtime;
        CHECK(runtime.block_on(body()) == 3);
    }

    TEST_CASE("without any thread spawn_blocking throws why") {
        auto body = []() -> Async<int> {
            bool fails = true;
            rt::BlockingOptions options;
            options.start_thread = [&fails](std::function<void()> run) {
                if (fails) {
                    throw std::system_error(std::make_error_code(std::errc::resource_unavailable_try_again),
                                            "no thread");
                }
                return rt::Thread(std::move(run));
            };
            rt::current().service<rt::BlockingPool>().set_options(options);
            step("no thread can be started: spawn a job");
            bool threw = false;
            try {
                (void)rt::spawn_blocking(add, 1, 2);
            } catch (const std::system_error& error) {
                threw = error.code() == std::errc::resource_unavailable_try_again;
            }
            CHECK(threw);
            CHECK_FALSE(rt::current().has_outside_work());
            step("threads can be started again");
            fails = false;
            auto job = rt::spawn_blocking(add, 1, 2);
            co_return co_await job;
        };
        rt::CurrentThread runtime;
        CHECK(runtime.block_on(body()) == 3);
    }

    TEST_CASE("jobs begin in the order in which they were spawned") {
        auto body = []() -> Async<> {
            rt::BlockingOptions options;
            options.max_threads = 1;
            rt::current().service<rt::BlockingPool>().set_options(options);
            std::vector<int> order;
            std::vector<rt::JoinHandle<>> handles;
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
        runtime.block_on(body());
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
}
