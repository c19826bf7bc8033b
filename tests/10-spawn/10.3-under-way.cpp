/// \file
/// 10.3: a runtime ends while other threads wake its tasks, await them, or end themselves.

#include <doctest/doctest.h>
#include <observe/sys_observe.hpp>
#include <rt/block_on.hpp>
#include <rt/current_thread.hpp>
#include <rt/future.hpp>
#include <rt/park.hpp>
#include <rt/scheduler.hpp>
#include <rt/sync.hpp>
#include <rt/trace.hpp>
#include <rt/violation.hpp>
#include <rt/waker.hpp>
#include <support/counted_future.hpp>
#include <support/drop_counter.hpp>
#include <support/random.hpp>
#include <support/sanitizers.hpp>
#include <support/story.hpp>
#include <support/test_thread.hpp>
#include <support/trace_log.hpp>

#include <chrono>
#include <latch>
#include <optional>
#include <utility>

using namespace support;
using namespace std::chrono_literals;
using rt::Pending;
using rt::Ready;

namespace {

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

/// Never sleeps. An unpark on another thread comes back when the last task has gone, and the owner waits or has gone on.
class SlowUnpark final : public rt::Park {
  public:
    void park(std::optional<rt::Instant>) override {}
    void unpark() noexcept override {
        if (rt::sys::thread_id() == owner_) {
            return;
        }
        entered.store(true, rt::release);
        spin_until([&] { return task_gone.load(rt::acquire); });
        // An owner that doesn't wait has gone on within this time of the processor, however busy the machine is.
        auto const waits_then = rt::sys::cpu_time_of_thread(owner_) + 100us;
        while (!runtime_gone.load(rt::acquire) && rt::sys::cpu_time_of_thread(owner_) <= waits_then &&
               rt::sys::is_runnable(owner_)) {
            rt::yield_thread();
        }
        left.store(true, rt::release);
    }

    rt::Atomic<bool> task_gone{false};
    rt::Atomic<bool> runtime_gone{false};
    rt::Atomic<bool> entered{false};
    rt::Atomic<bool> left{false};

  private:
    int const owner_ = rt::sys::thread_id();
};

/// Sleeps, and tells that it does.
class TellingPark final : public rt::Park {
  public:
    void park(std::optional<rt::Instant> deadline) override {
        if (deadline != rt::no_wait) {
            sleeps.store(true, rt::release);
        }
        park_.park(deadline);
    }
    void unpark() noexcept override { park_.unpark(); }

    rt::Atomic<bool> sleeps{false};

  private:
    rt::ThreadPark park_;
};

/// Keeps another thread in `schedule`, before it pushes, until the owner sleeps or has used its processor for a while.
class SlowPush {
  public:
    explicit SlowPush(TellingPark& park) : park_(&park) {
        current = this;
        rt::trace::listen(&hear);
    }
    SlowPush(const SlowPush&) = delete;
    SlowPush& operator=(const SlowPush&) = delete;
    ~SlowPush() { rt::trace::stop_listening(&hear); }

    rt::Atomic<bool> entered{false};
    rt::Atomic<bool> owner_slept{false};

  private:
    static void hear(const rt::trace::Event& event) noexcept {
        if (event.kind == rt::trace::Kind::queue && rt::sys::thread_id() != current->owner_) {
            current->wait();
        }
    }
    void wait() noexcept {
        auto const enough = rt::sys::cpu_time_of_thread(owner_) + 50ms;
        entered.store(true, rt::release);
        while (!park_->sleeps.load(rt::acquire) && rt::sys::cpu_time_of_thread(owner_) < enough) {
            rt::yield_thread();
        }
        owner_slept.store(park_->sleeps.load(rt::acquire), rt::release);
    }

    static inline SlowPush* current = nullptr;
    TellingPark* park_;
    int const owner_ = rt::sys::thread_id();
};

}  // namespace

TEST_SUITE("10.3 the end") {
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
        bool const has_waited = park.left.load(rt::acquire);
        park.runtime_gone.store(true, rt::release);
        CHECK(has_waited);
    }

    TEST_CASE("the runtime sleeps while another thread is about to push the last task") {
        if constexpr (rt::checks_enabled) {  // without checks a push is not announced
            TellingPark park;
            rt::Waker waker;
            rt::Atomic<bool> task_gone{false};
            std::optional<rt::CurrentThread> runtime(std::in_place, park);
            runtime->spawn(LastTask(waker, task_gone)).detach();
            runtime->block_on(rt::Countdown(1));
            runtime->block_on(rt::poll_fn([](rt::Context& cx) -> rt::Poll<void> {
                cx.waker().wake_by_ref();  // a wake of main that comes too late must not keep the runtime awake
                return Ready();
            }));
            SlowPush push(park);
            step("another thread wakes the task, but has not pushed its Runnable yet");
            TestThread other([&] { std::move(waker).wake(); });
            spin_until([&] { return push.entered.load(rt::acquire); });
            step("destroy the runtime");
            runtime.reset();
            other.join();
            CHECK_MESSAGE(
                push.owner_slept.load(rt::acquire),
                "a task was left and nothing was ready, so the runtime used the processor until another thread had pushed. "
                "Call `look_around`, which sleeps until the unpark.");
        }
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
}
