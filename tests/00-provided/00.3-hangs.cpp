#include <doctest/doctest.h>
#include <observe/dump.hpp>
#include <observe/sys_observe.hpp>
#include <observe/verdict.hpp>
#include <rt/async.hpp>
#include <rt/block_on.hpp>
#include <rt/current_thread.hpp>
#include <rt/future.hpp>
#include <rt/multi_thread.hpp>
#include <rt/park.hpp>
#include <rt/task.hpp>
#include <rt/violation.hpp>
#include <rt/yield_now.hpp>
#include <support/counted_future.hpp>
#include <support/death.hpp>
#include <support/mock_task.hpp>
#include <support/story.hpp>
#include <support/watchdog.hpp>

#include "report.hpp"

#include <csignal>
#include <cstdlib>
#include <functional>
#include <latch>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <sys/wait.h>
#include <unistd.h>

using namespace support;
using rt::Async;
using rt::Context;
using rt::Pending;
using rt::Poll;

namespace {

/// What the watchdog says of `body`, without the story.
std::string report_on(const std::function<void()>& body, const char* patience = "0.5") {
    setenv("PBP_WATCHDOG_SECONDS", patience, 1);
    Ended const ended = run_in_a_child(body);
    CHECK(WIFEXITED(ended.status));
    CHECK(WEXITSTATUS(ended.status) == hung_status);
    return without_numbers(ended.printed);
}

bool says(const std::string& report, std::string_view sentence) {
    if (report.find(sentence) != report.npos) {
        return true;
    }
    MESSAGE("\"", std::string(sentence), "\" is not in:\n", report);
    return false;
}

constexpr const char* patient = "60";  // what is proved needs no patience

auto forgetful() {
    return rt::poll_fn([](Context&) -> Poll<void> { return Pending; });
}

/// Wants to run again at once, for ever.
Async<> restless() {
    for (;;) {
        co_await rt::yield_now();
    }
}

Async<> spin() {
    rt::trace::name("spinner");
    for (volatile bool forever = true; forever;) {}
    co_return;
}

Async<> block() {
    rt::trace::name("sleeper");
    std::latch never(1);
    never.wait();
    co_return;
}

/// Runs `first`, with another task in the queue.
void run_with_another(Async<> first) {
    rt::CurrentThread runtime;
    auto one = runtime.spawn(std::move(first));
    auto two = runtime.spawn(rt::ready());
    runtime.block_on(std::move(two));
}

}  // namespace

TEST_SUITE("00.3 hangs") {
    TEST_CASE("a sleep that is past its deadline and goes round is no sleep") {
        std::string const report = report_on([] {
            rt::trace::emit(rt::trace::Kind::park, "a park", rt::trace::has_deadline);
            for (volatile bool forever = true; forever;) {}
        });
        CHECK(says(report,
                   "the main thread: announced N s ago that it sleeps until a deadline, but it is running\n"
                   "    => the loop around its sleep spins. Does it end when the deadline has come?\n"));
    }

    TEST_CASE("a sleep that goes round and never waits is no sleep") {
        std::string const report = report_on([] {
            rt::trace::emit(rt::trace::Kind::park, "a park", 0);
            for (volatile bool forever = true; forever;) {}
        });
        CHECK(says(report,
                   "the main thread: announced N s ago that it sleeps, but it is running\n"
                   "    => the loop around its sleep spins. Does it wait in there?\n"));
        CHECK(report.find(rt::record::nobody_is_left) == report.npos);
    }
}

/// Reports of a release build know nothing of queues and wakers.
TEST_SUITE("00.3 hangs" * doctest::skip(!rt::checks_enabled)) {
    TEST_CASE("a task that kept no waker is found at once") {
        std::string const report = report_on(
            [] {
                step("wait for a forgetful task");
                rt::CurrentThread runtime;
                runtime.block_on(runtime.spawn(forgetful()));
            },
            patient);
        CHECK(
            report ==
            "\nHUNG: 00.3 hangs: a task that kept no waker is found at once\n"
            "  Deadlock: every thread sleeps, and none is left to unpark another. The test hangs in step 1. wait for a "
            "forgetful task\n"
            "  1. wait for a forgetful task   <-- here\n"
            "what each task and thread does:\n"
            "task 1, spawned at 00-provided/00.3-hangs.cpp:N\n"
            "    polled once, last Pending; wakers: 0 held (0 made, 0 gone)\n"
            "    never woken\n"
            "    => returned Pending but kept no waker, so nothing can wake it. Only an abort can end it\n"
            "block_on's future\n"
            "    polled once, last Pending\n"
            "    => waits\n"
            "the main thread: asleep for N s, until unparked\n");
    }

    TEST_CASE("a task that kept no waker may still be aborted and is told of when the time is up") {
        std::string const report = report_on([] {
            rt::CurrentThread runtime;
            auto other = runtime.spawn(restless());
            runtime.block_on(runtime.spawn(forgetful()));
        });
        CHECK(says(report, "  No step has finished for N s. The test hangs before its first step\n"));
        CHECK(says(report, "nothing can wake it. Only an abort can end it\n"));
    }

    TEST_CASE("a mock that kept no waker cannot be aborted") {
        std::string const report = report_on([] {
            auto tea = spawn_mock("the tea", forgetful());
            (void)tea.poll();
            rt::ThreadPark().park(std::nullopt);
        });
        CHECK(says(report, "    => returned Pending but kept no waker, so nothing can wake it\n"));
    }

    TEST_CASE("a task that was woken and is in no queue is found at once") {
        struct Careless final : rt::Schedule {
            void schedule(rt::Runnable runnable) noexcept override { (void)std::move(runnable).into_raw(); }
        };
        std::string const report = report_on(
            [] {
                Careless schedule;
                auto [runnable, handle] = rt::make_task(rt::yield_now(), schedule);
                std::move(runnable).run();
                rt::block_on(std::move(handle));
            },
            patient);
        CHECK(says(report,
                   "    woken once, last N s ago, on the main thread, in its own poll\n"
                   "    => woken, but never queued. Hand its Runnable to schedule()\n"));
    }

    TEST_CASE("a task that is queued waits for one that spins") {
        std::string const report = report_on([] { run_with_another(spin()); });
        CHECK(says(report,
                   "task 1 (spinner), spawned at 00-provided/00.3-hangs.cpp:N\n"
                   "    polled once; wakers: 0 held (0 made, 0 gone)\n"
                   "    never woken\n"
                   "    => its poll has not returned for N s: the main thread is running in it, so this "
                   "thread's other tasks wait\n"));
        CHECK(says(report,
                   "    => queued for N s, but not polled: the main thread has been in the poll of task 1 (spinner) "
                   "for N s\n"));
        CHECK(says(report, "the main thread: in the poll of task 1 (spinner) for N s, on the processor\n"));
    }

    TEST_CASE("steps do not hide a poll that does not end") {
        std::string const report = report_on([] {
            rt::CurrentThread runtime;
            auto busy = []() -> Async<> {
                for (volatile bool forever = true; forever;) {
                    still_alive();
                }
                co_return;
            };
            runtime.block_on(runtime.spawn(busy()));
        });
        CHECK(says(report,
                   "  One poll of task 1 has used the processor for N s. The test hangs before its first step\n"));
    }

    TEST_CASE("a task that is queued waits for one that blocks its thread") {
        std::string const report = report_on([] { run_with_another(block()); });
        CHECK(says(report,
                   "    => its poll has not returned for N s: the main thread is blocked in it, so this "
                   "thread's other tasks wait\n"));
        CHECK(says(report, "the main thread: in the poll of task 1 (sleeper) for N s, in a call that blocks\n"));
    }

    TEST_CASE("a worker that spins is named") {
        std::string const report = report_on([] {
            rt::MultiThread runtime(1);
            runtime.block_on(runtime.spawn(spin()));
        });
        CHECK(says(report, "worker 1: in the poll of task 1 (spinner) for N s, on the processor\n"));
    }

    TEST_CASE("a task that polls itself in a loop") {
        std::string const report = report_on([] {
            rt::CurrentThread runtime;
            runtime.block_on(runtime.spawn(restless()));
        });
        CHECK(says(report, "busy loop: N polls in a second, and in each it wakes itself\n"));
    }

    TEST_CASE("a future that is done and not polled again") {
        std::string const report = report_on([] {
            Remote<int> kettle("the kettle");
            auto future = kettle.future();
            rt::Waker const waker = rt::Waker::noop();
            rt::Context cx(waker);
            (void)future.poll(cx);
            kettle.finish(3);
            rt::ThreadPark().park(std::nullopt);
        });
        CHECK(says(report,
                   "the kettle\n"
                   "    polled once, last Pending\n"
                   "    => done, and the waker of its last poll was woken, but it was not polled again\n"));
    }

    TEST_CASE("a mock task whose poll does not return") {
        std::string const report = report_on([] {
            auto tea = spawn_mock("the tea", block());
            (void)tea.poll();
        });
        CHECK(says(report,
                   "the tea\n"
                   "    polled once; wakers: 0 held (0 made, 0 gone)\n"
                   "    never woken\n"
                   "    => its poll has not returned for N s: the main thread is blocked in it"));
    }

    TEST_CASE("a signal asks while the thread spins") {
        std::string const report = report_on(
            [] {
                rt::dump_on_signal();
                kill(getpid(), rt::sys::report_signal);
                run_with_another(spin());
            },
            "1");
        CHECK(says(report, "rt: what each task and thread does:\n"));
        CHECK(report.find("rt: what each task and thread does:\n") < report.find("HUNG"));
    }

    TEST_CASE("a signal asks while the thread is blocked") {
        std::string const report = report_on(
            [] {
                rt::dump_on_signal();
                kill(getpid(), rt::sys::report_signal);
                run_with_another(block());
            },
            "1");
        CHECK(report.find("rt: what each task and thread does:\n") < report.find("HUNG"));
    }
}
