#include "notes.hpp"

#include <doctest/doctest.h>
#include <rt/async.hpp>
#include <rt/block_on.hpp>
#include <rt/current_thread.hpp>
#include <rt/future.hpp>
#include <rt/scheduler.hpp>
#include <rt/sync.hpp>
#include <rt/waker.hpp>
#include <rt/yield_now.hpp>
#include <support/counted_future.hpp>
#include <support/death.hpp>
#include <support/mock_task.hpp>
#include <support/show.hpp>
#include <support/story.hpp>
#include <support/test_thread.hpp>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using namespace support;
using rt::Pending;
using rt::Ready;

namespace {

/// Spawns a task when it is destroyed, on the runtime that destroys it.
class SpawnsAtTheEnd {
  public:
    SpawnsAtTheEnd(CountedFuture<int> future, std::optional<rt::JoinHandle<int>>& handle)
        : future_(std::move(future)), handle_(&handle) {}
    SpawnsAtTheEnd(SpawnsAtTheEnd&& other) noexcept
        : future_(std::move(other.future_)), handle_(std::exchange(other.handle_, nullptr)) {}
    ~SpawnsAtTheEnd() {
        if (handle_ != nullptr) {
            handle_->emplace(rt::spawn(std::move(future_)));
        }
    }

  private:
    CountedFuture<int> future_;
    std::optional<rt::JoinHandle<int>>* handle_;
};

}  // namespace

TEST_SUITE("10.3 the end") {
    TEST_CASE("tasks that still wait are destroyed with the runtime") {
        Remote<> asleep("the one asleep");
        Remote<> never("the one never polled");
        {
            rt::CurrentThread runtime;
            runtime.spawn(asleep.future()).detach();
            runtime.block_on(rt::Countdown(1));
            runtime.spawn(never.future()).detach();
            CHECK(runtime.task_count() == 2);
            step("destroy the runtime");
        }
        CHECK(asleep.drops() == 1);
        CHECK(asleep.polls() == 1);
        CHECK(never.drops() == 1);
        CHECK(never.polls() == 0);
    }

    TEST_CASE("frames are destroyed on the runtime's thread though wakers lie elsewhere") {
        Remote<> kettle("the kettle");
        rt::Waker elsewhere;
        struct WhereItGoes {
            using Output = void;
            WhereItGoes(rt::ThreadId& t, rt::Waker& w) : thread(&t), waker(&w) {}
            WhereItGoes(WhereItGoes&& other) noexcept
                : thread(std::exchange(other.thread, nullptr)), waker(other.waker) {}
            ~WhereItGoes() {
                if (thread != nullptr) {
                    *thread = rt::this_thread_id();
                }
            }
            rt::Poll<void> poll(rt::Context& cx) {
                *waker = cx.waker();
                return Pending;
            }
            rt::ThreadId* thread;
            rt::Waker* waker;
        };
        rt::ThreadId thread;
        {
            rt::CurrentThread runtime;
            runtime.spawn(WhereItGoes(thread, elsewhere)).detach();
            runtime.block_on(rt::Countdown(1));
            CHECK(thread == rt::ThreadId());
        }
        CHECK(thread == rt::this_thread_id());
        step("wake the task that is gone, on another thread");
        TestThread([&] {
            elsewhere.wake_by_ref();
            std::move(elsewhere).wake();
        }).join();
    }

    TEST_CASE("whoever has the handle hears of it") {
        Remote<int> kettle("the kettle");
        std::optional<rt::CurrentThread> runtime(std::in_place);
        auto handle = spawn_mock("the handle", runtime->spawn(kettle.future()));
        CHECK(handle.poll() == Pending);
        runtime->block_on(rt::Countdown(1));
        step("destroy the runtime");
        runtime.reset();
        CHECK(handle.is_woken());
        CHECK_THROWS_AS((void)handle.poll(), rt::Cancelled);
    }

    TEST_CASE("a task that is spawned while all are destroyed ends at once") {
        Remote<> waits("the first");
        Remote<int> second("the second");
        std::optional<rt::JoinHandle<int>> handle;
        {
            rt::CurrentThread runtime;
            auto first = [](SpawnsAtTheEnd, CountedFuture<void> future) -> rt::Async<> { co_await future; };
            runtime.spawn(first(SpawnsAtTheEnd(second.future(), handle), waits.future())).detach();
            runtime.block_on(rt::Countdown(1));
            step("destroy the runtime");
        }
        CHECK(second.polls() == 0);
        CHECK(second.drops() == 1);
        REQUIRE(handle.has_value());
        auto mock = spawn_mock("the handle", *std::exchange(handle, std::nullopt));
        CHECK_THROWS_AS((void)mock.poll(), rt::Cancelled);
    }

    TEST_CASE("tasks that hold each other's handles and wake each other while they go") {
        Notes notes;
        Remote<> kettles[3];
        {
            rt::CurrentThread runtime;
            auto chain = [](Leaves, CountedFuture<void> own, std::optional<rt::JoinHandle<>> next) -> rt::Async<> {
                if (next) {
                    co_await *next;
                }
                co_await own;
            };
            auto last = runtime.spawn(chain(Leaves(notes, "gone"), kettles[0].future(), std::nullopt));
            auto middle = runtime.spawn(chain(Leaves(notes, "gone"), kettles[1].future(), std::move(last)));
            runtime.spawn(chain(Leaves(notes, "gone"), kettles[2].future(), std::move(middle))).detach();
            runtime.block_on(rt::Countdown(2));
        }
        CHECK(notes == Notes{"gone", "gone", "gone"});
    }

    TEST_CASE("an exception that leaves block_on takes nothing with it") {
        Remote<> kettle("the kettle");
        bool thrown = false;
        try {
            rt::CurrentThread runtime;
            runtime.spawn(kettle.future()).detach();
            auto fails = [](int yields) -> rt::Async<> {
                for (int n = 0; n < yields; ++n) {
                    co_await rt::yield_now();
                }
                throw std::runtime_error("no tea");
            };
            runtime.block_on(fails(2));
        } catch (const std::runtime_error&) {
            thrown = true;
        }
        CHECK(thrown);
        CHECK(kettle.drops() == 1);
    }
}
