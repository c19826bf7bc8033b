#include "counting_park.hpp"
#include "notes.hpp"

#include <doctest/doctest.h>
#include <rt/async.hpp>
#include <rt/block_on.hpp>
#include <rt/current_thread.hpp>
#include <rt/future.hpp>
#include <rt/park.hpp>
#include <rt/scheduler.hpp>
#include <rt/sync.hpp>
#include <rt/waker.hpp>
#include <rt/yield_now.hpp>
#include <support/counted_future.hpp>
#include <support/death.hpp>
#include <support/drop_counter.hpp>
#include <support/mock_task.hpp>
#include <support/random.hpp>
#include <support/sanitizers.hpp>
#include <support/show.hpp>
#include <support/story.hpp>
#include <support/test_thread.hpp>
#include <support/trace_log.hpp>

#include <latch>
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

/// Keeps its waker in `waker`, and says when it is destroyed.
class LastTask {
  public:
    using Output = void;

    LastTask(rt::Waker& waker, rt::Atomic<bool>& gone) : waker_(&waker), gone_(&gone) {}
    LastTask(LastTask&& other) noexcept : waker_(other.waker_), gone_(std::exchange(other.gone_, nullptr)) {}
    ~LastTask() {
        if (gone_ != nullptr) {
            gone_->store(true, rt::release);
        }
    }

    rt::Poll<void> poll(rt::Context& cx) {
        *waker_ = cx.waker();
        return Pending;
    }

  private:
    rt::Waker* waker_;
    rt::Atomic<bool>* gone_;
};

/// Never sleeps. An unpark on another thread comes back some time after the last task is gone.
class SlowUnpark final : public rt::Park {
  public:
    void park(std::optional<rt::Instant>) override {}
    void unpark() noexcept override {
        if (rt::this_thread_id() == owner_) {
            return;
        }
        entered.store(true, rt::release);
        spin_until([&] { return task_gone.load(rt::acquire); });
        for (int turns = 0; turns < 10'000; ++turns) {
            rt::yield_thread();
        }
        left.store(true, rt::release);
    }

    rt::Atomic<bool> task_gone{false};
    rt::Atomic<bool> entered{false};
    rt::Atomic<bool> left{false};

  private:
    rt::ThreadId owner_ = rt::this_thread_id();
};

}  // namespace

TEST_SUITE("10.3 shutdown") {
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

    TEST_CASE("more tasks than one look around lets through") {
        std::vector<Remote<>> kettles(200);
        {
            rt::CurrentThread runtime;
            for (Remote<>& kettle : kettles) {
                runtime.spawn(kettle.future()).detach();
            }
            runtime.block_on(rt::Countdown(5));
            CHECK(runtime.task_count() == 200);
            step("destroy the runtime");
        }
        int drops = 0;
        for (const Remote<>& kettle : kettles) {
            drops += kettle.drops();
        }
        CHECK(drops == 200);
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

    TEST_CASE("the runtime waits for a thread that has handed over the last task") {
        SlowUnpark park;
        rt::Waker waker;
        std::optional<rt::CurrentThread> runtime(std::in_place, park);
        runtime->spawn(LastTask(waker, park.task_gone)).detach();
        runtime->block_on(rt::Countdown(1));
        step("wake the task on another thread");
        TestThread other([&] { std::move(waker).wake(); });
        spin_until([&] { return park.entered.load(rt::acquire); });
        step("destroy the runtime while that thread unparks it");
        runtime.reset();
        CHECK(park.left.load(rt::acquire));
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

    TEST_CASE("another thread that awaits the handle hears of it") {
        Remote<int> kettle("the kettle");
        std::optional<rt::CurrentThread> runtime(std::in_place);
        std::optional<rt::JoinHandle<int>> handle = runtime->spawn(kettle.future());
        TraceLog log{TraceLog::Kind::park};
        bool cancelled = false;
        TestThread waiter([&] {
            try {
                rt::block_on(*std::exchange(handle, std::nullopt));
            } catch (const rt::Cancelled&) {
                cancelled = true;
            }
        });
        log.wait_for(TraceLog::Kind::park, 1);
        step("destroy the runtime");
        runtime.reset();
        waiter.join();
        CHECK(cancelled);
    }

    TEST_CASE("the value of a task that is done waits longer than the runtime") {
        std::optional<rt::JoinHandle<std::string>> handle;
        {
            rt::CurrentThread runtime;
            handle = runtime.spawn(rt::ready(std::string("tea")));
            runtime.block_on(rt::Countdown(1));
        }
        auto mock = spawn_mock("the handle", *std::exchange(handle, std::nullopt));
        CHECK(mock.poll() == Ready(std::string("tea")));
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

    TEST_CASE("main's future is destroyed while its runtime is the current one") {
        rt::CurrentThread runtime;
        bool had_runtime = false;
        struct AtTheEnd {
            explicit AtTheEnd(bool* r) : result(r) {}
            AtTheEnd(AtTheEnd&& other) noexcept : result(std::exchange(other.result, nullptr)) {}
            ~AtTheEnd() {
                if (result != nullptr) {
                    *result = rt::try_current() != nullptr;
                }
            }
            bool* result;
        };
        auto main = rt::poll_fn([end = AtTheEnd(&had_runtime)](rt::Context&) -> rt::Poll<void> { return Ready(); });
        runtime.block_on(std::move(main));
        CHECK(had_runtime);
        CHECK(rt::try_current() == nullptr);
    }

    TEST_CASE("wakes that are under way while the runtime goes") {
        int const rounds = under_tsan || under_asan ? 200 : 1000;
        Random random(seed_of_this_run());
        for (int round = 0; round < rounds; ++round) {
            step("round {}", round);
            DropCounter frames;
            rt::Waker wakers[3];  // of two tasks, and of main
            std::optional<rt::CurrentThread> runtime(std::in_place);
            for (int n = 0; n < 2; ++n) {
                auto task = rt::poll_fn([&wakers, n, token = frames.token()](rt::Context& cx) -> rt::Poll<void> {
                    if (!wakers[n]) {
                        wakers[n] = cx.waker();
                    }
                    return Pending;
                });
                runtime->spawn(std::move(task)).detach();
            }
            runtime->block_on(rt::poll_fn([&, yields = 1](rt::Context& cx) mutable -> rt::Poll<void> {
                wakers[2] = cx.waker();
                cx.waker().wake_by_ref();
                if (yields-- > 0) {
                    return Pending;
                }
                return Ready();
            }));
            bool const by_value = random.below(2) == 0;
            int const spins[3] = {random.below(400), random.below(400), random.below(400)};
            std::latch all_here(3);
            auto wake = [&](int who, int also) {
                all_here.arrive_and_wait();
                for (int n = 0; n < spins[who]; ++n) {
                    (void)frames.drops();
                }
                if (by_value) {
                    std::move(wakers[who]).wake();
                } else {
                    wakers[who].wake_by_ref();
                }
                if (also >= 0) {
                    wakers[also].wake_by_ref();
                }
            };
            TestThread first([&] { wake(0, 2); });
            TestThread second([&] { wake(1, -1); });
            all_here.arrive_and_wait();
            for (int n = 0; n < spins[2]; ++n) {
                (void)frames.drops();
            }
            runtime.reset();
            CHECK(frames.alive() == 0);
        }
    }

    TEST_CASE("a thread that ends may still run a runtime") {
        struct LastWords {
            int* said;
            ~LastWords() {
                rt::CurrentThread runtime;
                *said = runtime.block_on(runtime.spawn(rt::ready(3)));
            }
        };
        int said = 0;
        step("a thread makes a thread_local, runs a runtime, and ends");
        TestThread ending([&said] {
            thread_local LastWords const last_words{&said};  // destroyed after what the first runtime has made
            rt::CurrentThread runtime;
            runtime.block_on(runtime.spawn(rt::ready()));
        });
        ending.join();
        CHECK(said == 3);
    }

    TEST_CASE("a runtime that is destroyed inside of a future says so") {
        auto destroy = [](std::unique_ptr<rt::CurrentThread> other) -> rt::Async<> {
            other.reset();
            co_return;
        };
        constexpr const char* sentence = "CurrentThread: a runtime was destroyed inside of a future";
        step("another runtime, which has never run");
        expect_violation(
            sentence, [&] { rt::CurrentThread().block_on(destroy(std::make_unique<rt::CurrentThread>())); },
            Noticed::in_every_build);
        step("its own");
        expect_violation(
            sentence,
            [] {
                auto runtime = std::make_unique<rt::CurrentThread>();
                rt::CurrentThread& its_own = *runtime;
                its_own.block_on(rt::poll_fn([&](rt::Context&) -> rt::Poll<void> {
                    runtime.reset();
                    return rt::Ready();
                }));
            },
            Noticed::in_every_build);
        step("a turn inside of a future is a mistake of its own");
        expect_violation(
            "CurrentThread::turn inside of a future",
            [] {
                rt::CurrentThread runtime;
                runtime.block_on(
                    rt::poll_fn([&](rt::Context&) -> rt::Poll<bool> { return rt::Ready(runtime.turn()); }));
            },
            Noticed::in_every_build);
    }
}
