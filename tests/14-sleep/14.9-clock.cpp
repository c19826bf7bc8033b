#include <doctest/doctest.h>
#include <rt/async.hpp>
#include <rt/current_thread.hpp>
#include <rt/future.hpp>
#include <rt/park.hpp>
#include <rt/scheduler.hpp>
#include <rt/spawn_blocking.hpp>
#include <rt/sys.hpp>
#include <rt/time.hpp>
#include <rt/timer_heap.hpp>
#include <rt/timers.hpp>
#include <rt/waker.hpp>
#include <rt/yield_now.hpp>
#include <support/death.hpp>
#include <support/mock_task.hpp>
#include <support/paused_clock.hpp>
#include <support/random.hpp>
#include <support/show.hpp>
#include <support/story.hpp>
#include <support/trace_log.hpp>

#include <chrono>
#include <latch>
#include <optional>
#include <string>
#include <utility>

using namespace support;
using namespace std::chrono_literals;
using rt::Async;
using rt::Instant;
using rt::MissedTickBehavior;
using rt::Pending;
using rt::Ready;
using std::chrono::seconds;

namespace {

/// What happened, and when on the paused clock: "a at 1 s".
class Diary {
  public:
    void start() { start_ = rt::time::now(); }
    void note(const std::string& what) {
        text_ += fmt::format("{} at {} s\n", what, std::chrono::duration<double>(rt::time::now() - start_).count());
    }
    const std::string& text() const { return text_; }

  private:
    Instant start_;
    std::string text_;
};

Async<> sleeper(std::string name, seconds duration, Diary* diary) {
    co_await rt::sleep(duration);
    diary->note(name);
}

/// Sleeps, then needs several polls for what it does next.
Async<> busy_sleeper(std::string name, seconds duration, Diary* diary) {
    co_await rt::sleep(duration);
    for (int i = 0; i < 10; ++i) {
        co_await rt::yield_now();
    }
    diary->note(name);
}

Async<> advances(seconds duration, std::string name, Diary* diary) {
    co_await rt::time::advance(duration);
    diary->note(name);
}

/// A runtime that claims to have many threads.
class ManyThreads final : public rt::Scheduler {
  public:
    ManyThreads() : Scheduler(park_) {}
    ~ManyThreads() { close_services(); }
    void schedule(rt::Runnable) noexcept override {}
    bool is_multi_threaded() const noexcept override { return true; }

  private:
    void launch(rt::Runnable) noexcept override {}
    rt::ThreadPark park_;
};

/// A runtime that is idle, but just before it says so, its last job ends.
class EndsItsJob final : public rt::Scheduler {
  public:
    explicit EndsItsJob(rt::Park& park) : Scheduler(park) {}
    ~EndsItsJob() { close_services(); }
    void schedule(rt::Runnable) noexcept override {}
    bool is_multi_threaded() const noexcept override { return false; }
    bool is_idle() const noexcept override {
        const_cast<EndsItsJob*>(this)->end_outside_work();
        return true;
    }

  private:
    void launch(rt::Runnable) noexcept override {}
};

/// A Park that never sleeps, and remembers the deadline it was called with last.
class LastDeadline final : public rt::Park {
  public:
    void park(std::optional<Instant> d) override { deadline = d; }
    void unpark() noexcept override {}
    std::optional<Instant> deadline;
};

/// A Park that has news for one task: it wakes it when it is asked to look around, as a reactor does.
class NewsPark final : public rt::Park {
  public:
    void park(std::optional<Instant>) override {
        if (rt::Waker waker = std::move(reader)) {
            has_news = true;
            std::move(waker).wake();
        }
    }
    void unpark() noexcept override {}

    rt::Waker reader;
    bool has_news = false;
};

Async<> reads_news(NewsPark* park, Diary* diary) {
    auto wait = [park](rt::Context& cx) -> rt::Poll<void> {
        if (park->has_news) {
            return Ready();
        }
        park->reader = cx.waker();
        return Pending;
    };
    auto news = rt::poll_fn(wait);
    co_await news;
    diary->note("the news");
}

}  // namespace

TEST_SUITE("14.9 all together: a clock that stands still") {
    TEST_CASE("a paused clock stands still") {
        PausedClock clock;
        Instant const before = clock.now();
        Instant const real = rt::sys::now();
        while (rt::sys::now() == real) {  // the real one goes on
        }
        CHECK(clock.now() == before);
    }

    TEST_CASE("idle time jumps from timer to timer") {
        Diary diary;
        auto body = [](Diary* d) -> Async<> {
            d->start();
            auto c = rt::spawn(sleeper("c", 3h, d));
            auto a = rt::spawn(sleeper("a", 1h, d));
            auto b = rt::spawn(sleeper("b", 2h, d));
            co_await a;
            co_await b;
            co_await c;
        };
        step("three tasks sleep for 1 h and 2 h and 3 h");
        run_paused(body(&diary));
        CHECK(diary.text() == "a at 3600 s\nb at 7200 s\nc at 10800 s\n");
    }

    TEST_CASE("the clock does not jump while a task is ready") {
        Diary diary;
        auto body = [](Diary* d) -> Async<> {
            d->start();
            auto nap = rt::spawn(sleeper("the sleeper", 1s, d));
            for (int i = 0; i < 1000; ++i) {
                co_await rt::yield_now();
            }
            d->note("the busy one");
            co_await nap;
        };
        run_paused(body(&diary));
        CHECK(diary.text() == "the busy one at 0 s\nthe sleeper at 1 s\n");
    }

    TEST_CASE("the clock does not jump before the Park below was asked for news") {
        NewsPark below;
        Diary diary;
        auto body = [](NewsPark* park, Diary* d) -> Async<> {
            rt::time::pause();
            d->start();
            auto nap = rt::spawn(sleeper("the sleeper", 1s, d));
            auto news = rt::spawn(reads_news(park, d));
            co_await news;
            co_await nap;
        };
        rt::CurrentThread runtime(below);
        step("one task sleeps, another waits for news that the Park has");
        runtime.block_on(body(&below, &diary));
        CHECK(diary.text() == "the news at 0 s\nthe sleeper at 1 s\n");
    }

    TEST_CASE("the clock does not jump while a blocking job is in flight") {
        Diary diary;
        TraceLog log;
        auto body = [](Diary* d, TraceLog* l) -> Async<> {
            d->start();
            auto nap = rt::spawn(sleeper("the sleeper", 1h, d));
            auto wait_for_park = [l] { l->wait_for(TraceLog::Kind::park, 1); };
            auto job = rt::spawn_blocking(wait_for_park);
            co_await job;
            d->note("the job");
            co_await nap;
        };
        step("a job ends once the runtime sleeps; a sleeper waits for an hour");
        run_paused(body(&diary, &log));
        CHECK(diary.text() == "the job at 0 s\nthe sleeper at 3600 s\n");
    }

    TEST_CASE("what a blocking job wakes runs before the clock jumps") {
        // The race is between the end of the job and the runtime that is about to sleep: so, many times.
        auto body = []() -> Async<int> {
            int jumps = 0;
            for (int round = 0; round < 300; ++round) {
                Instant const before = rt::time::now();
                Diary diary;
                auto nap = rt::spawn(sleeper("the sleeper", 1h, &diary));
                auto nothing = [] {};
                auto job = rt::spawn_blocking(nothing);
                co_await job;
                jumps += rt::time::now() == before ? 0 : 1;
                co_await nap;
                still_alive();
            }
            co_return jumps;
        };
        step("300 jobs, each while a sleeper waits for an hour");
        CHECK(run_paused(body()) == 0);
    }

    TEST_CASE("a job that ends while the runtime is asked whether it is idle keeps the clock") {
        LastDeadline below;
        EndsItsJob runtime(below);
        auto& timers = runtime.service<rt::Timers>();
        rt::Waker nobody = rt::Waker::noop();
        rt::Timer timer;
        timers.pause();
        Instant const before = timers.now();
        timers.set(timer, before + 1h, nobody);
        runtime.begin_outside_work();
        step("the runtime wants to sleep");
        runtime.park().park(std::nullopt);
        CHECK(timers.now() == before);
        CHECK(timer.is_waiting());
        timers.cancel(timer);
    }

    TEST_CASE("advance fires timers in order and lets the tasks run at each") {
        Diary diary;
        auto body = [](Diary* d) -> Async<> {
            d->start();
            auto b = rt::spawn(busy_sleeper("b", 2s, d));
            auto a = rt::spawn(busy_sleeper("a", 1s, d));
            auto late = rt::spawn(sleeper("late", 10s, d));
            auto last = rt::spawn(busy_sleeper("last", 5s, d));
            co_await rt::time::advance(5s);
            d->note("advanced");
            co_await late;
        };
        run_paused(body(&diary));
        CHECK(diary.text() == "a at 1 s\nb at 2 s\nlast at 5 s\nadvanced at 5 s\nlate at 10 s\n");
    }

    TEST_CASE("advance by nothing lets the tasks run and leaves the clock") {
        Diary diary;
        auto body = [](Diary* d) -> Async<> {
            d->start();
            auto a = rt::spawn(busy_sleeper("a", 0s, d));
            auto b = rt::spawn(sleeper("b", 1s, d));
            co_await rt::time::advance(0s);
            d->note("advanced");
        };
        run_paused(body(&diary));
        CHECK(diary.text() == "a at 0 s\nadvanced at 0 s\n");
    }

    TEST_CASE("two advances at once end at their own moments") {
        Diary diary;
        auto body = [](Diary* d) -> Async<> {
            d->start();
            auto two = rt::spawn(advances(2s, "two", d));
            auto one = rt::spawn(advances(1s, "one", d));
            auto nap = rt::spawn(sleeper("nap", 1s, d));
            co_await two;
            co_await one;
        };
        run_paused(body(&diary));
        CHECK(diary.text() == "nap at 1 s\none at 1 s\ntwo at 2 s\n");
    }

    TEST_CASE("a dropped advance moves nothing") {
        PausedClock clock;
        auto nap = spawn_mock("the nap", rt::sleep(3s));
        CHECK(nap.poll() == Pending);
        auto advance = spawn_mock("the advance", rt::time::advance(2s));
        CHECK(advance.poll() == Pending);
        advance.drop();
        CHECK(advance.kept_wakers() == 0);
        clock.jump();
        CHECK(clock.elapsed() == 3s);
    }

    TEST_CASE("a blocking job does not hold an advance up") {
        std::latch may_end(1);
        Diary diary;
        auto body = [](Diary* d, std::latch* latch) -> Async<> {
            d->start();
            auto wait = [latch] { latch->wait(); };
            auto job = rt::spawn_blocking(wait);
            auto nap = rt::spawn(sleeper("nap", 1s, d));
            co_await rt::time::advance(2s);
            d->note("advanced");
            latch->count_down();
            co_await job;
        };
        run_paused(body(&diary, &may_end));
        CHECK(diary.text() == "nap at 1 s\nadvanced at 2 s\n");
    }

    TEST_CASE("pausing twice is once") {
        PausedClock clock;
        Instant const before = clock.now();
        rt::time::pause();
        CHECK(clock.now() == before);
    }

    TEST_CASE("who may move the clock") {
        SUBCASE("advance needs a paused clock") {
            rt::CurrentThread runtime;
            rt::EnterScheduler entered(runtime);
            expect_violation(
                "Call rt::time::pause first", [] { (void)rt::time::advance(1s); }, Noticed::in_every_build);
        }
        SUBCASE("pause needs a runtime") {
            expect_violation(
                "rt::time::pause: was used without a runtime", [] { rt::time::pause(); }, Noticed::in_every_build);
        }
        SUBCASE("pause needs a runtime with one thread") {
            auto body = [] {
                ManyThreads runtime;
                rt::EnterScheduler entered(runtime);
                rt::time::pause();
            };
            expect_violation("a multi_thread runtime can't be paused", body, Noticed::in_every_build);
        }
    }
}
