#include <doctest/doctest.h>
#include <observe/dump.hpp>
#include <observe/record.hpp>
#include <observe/record_table.hpp>
#include <observe/verdict.hpp>
#include <rt/async.hpp>
#include <rt/block_on.hpp>
#include <rt/current_thread.hpp>
#include <rt/future.hpp>
#include <rt/multi_thread.hpp>
#include <rt/oneshot.hpp>
#include <rt/time.hpp>
#include <rt/trace.hpp>
#include <rt/violation.hpp>
#include <rt/yield_now.hpp>
#include <support/story.hpp>
#include <support/trace_log.hpp>
#include <support/watchdog.hpp>

#include "report.hpp"

#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace support;
using rt::Async;

namespace {

constexpr std::chrono::milliseconds at_once{0};

std::string report() { return without_numbers(rt::dump_text(at_once)); }

/// What a program prints that does `body` and is never done, up to the line that begins with `last_line`.
std::string said_by_a_program(void (*body)(), std::string_view last_line) {
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    pid_t const program = fork_beside_watchdog();
    if (program == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        dup2(ends[1], STDERR_FILENO);
        rt::record::forget_other_threads();
        rt::dump_on_signal();
        body();
        _exit(1);
    }
    close(ends[1]);
    std::string text;
    for (pollfd readable{ends[0], POLLIN, 0}; text.find(last_line) == text.npos; still_alive()) {
        char buffer[4096];
        if (poll(&readable, 1, 50) == 1) {
            ssize_t const n = read(ends[0], buffer, sizeof buffer);
            if (n <= 0) {
                break;
            }
            text.append(buffer, static_cast<std::size_t>(n));
        }
    }
    kill(program, SIGKILL);
    waitpid(program, nullptr, 0);
    close(ends[0]);
    return without_numbers(text);
}

/// Waits for a letter that another task writes.
Async<int> reader(rt::oneshot::Receiver<int> letter) {
    rt::trace::name("reader");
    co_return co_await letter;
}

}  // namespace

TEST_SUITE("00.2 dump") {
    TEST_CASE("without a task there is nothing to say") { CHECK(report() == ""); }

    TEST_CASE("a program that this one starts inherits nothing of the report") {
        pid_t const program = fork_beside_watchdog();
        if (program == 0) {
            rt::dump_on_signal();
            sigset_t blocked;
            pthread_sigmask(SIG_BLOCK, nullptr, &blocked);
            struct sigaction action{};
            sigaction(SIGUSR1, nullptr, &action);
            // exec gives a signal that has a handler its default effect again.
            _exit(sigismember(&blocked, SIGUSR1) == 0 && action.sa_handler != SIG_IGN ? 0 : 1);
        }
        int status = -1;
        CHECK(waitpid(program, &status, 0) == program);
        CHECK_MESSAGE(status == 0, "SIGUSR1 stays blocked in the programs that this one starts");
    }

    TEST_CASE("a sleep that a signal interrupts goes on") {
        auto asleep_since = [] {
            for (rt::record::ThreadSeen const& thread : rt::record::look_twice(at_once).threads) {
                if (thread.is_asking() && thread.is_parked) {
                    return thread.since;
                }
            }
            return std::int64_t{0};
        };
        auto next_tick = [](std::int64_t time) {
            while (rt::record::now() == time) {
                still_alive();
            }
        };
        int park = 0;
        step("announce a sleep");
        rt::trace::emit(rt::trace::Kind::park, &park, rt::trace::sees_kernel);
        std::int64_t const began = asleep_since();
        next_tick(began);
        step("announce it again, as after a signal");
        rt::trace::emit(rt::trace::Kind::park, &park, rt::trace::sees_kernel);
        CHECK_MESSAGE(asleep_since() == began, "the report forgets how long the thread has been asleep");
        step("announce that a timer fires, and then a sleep");
        rt::trace::emit(rt::trace::Kind::timer_fire, &park);
        CHECK(asleep_since() == 0);
        rt::trace::emit(rt::trace::Kind::park, &park, rt::trace::sees_kernel);
        CHECK_MESSAGE(asleep_since() != began, "this sleep is another one");
        rt::trace::emit(rt::trace::Kind::timer_fire, &park);
    }

    TEST_CASE("a paused clock is said") {
        {
            rt::CurrentThread runtime;
            auto story = []() -> Async<std::string> {
                rt::time::pause();
                rt::time::pause();
                co_return report();
            };
            std::string const sentence =
                "a clock is paused (rt::time::pause): when all tasks wait, it jumps to the next timer";
            CHECK(runtime.block_on(story()).find(sentence) != std::string::npos);
        }
        CHECK(report() == "");
    }
}

/// Reports of a release build know nothing of queues and wakers.
TEST_SUITE("00.2 dump" * doctest::skip(!rt::checks_enabled)) {
    TEST_CASE("tasks of a current_thread runtime by name and place and with their wakers") {
        rt::CurrentThread runtime;
        std::string asked;
        auto story = [](std::string* text) -> Async<> {
            auto [first, letter] = rt::oneshot::channel<int>();
            auto waiting = rt::spawn(reader(std::move(letter)));
            co_await rt::yield_now();
            auto queued = rt::spawn(rt::ready(1));
            *text = report();
            std::move(first).send(2);
            co_await waiting;
        };
        runtime.block_on(story(&asked));
        CHECK(
            asked ==
            "task 1 (reader), spawned at 00-provided/00.2-dump.cpp:N\n"
            "    polled once, last Pending; wakers: 1 held (1 made, 0 gone)\n"
            "    never woken\n"
            "    => waits: one waker is held, but nothing has woken it since its last poll\n"
            "task 2, spawned at 00-provided/00.2-dump.cpp:N\n"
            "    polled never; wakers: 0 held (0 made, 0 gone)\n"
            "    never woken\n"
            "    => queued for N s, but not polled: the main thread has been in the poll of block_on's future for N s\n"
            "block_on's future\n"
            "    polled twice, last Pending\n"
            "    => asks for this report\n");
        CHECK(report() == "");  // all are over
    }

    TEST_CASE("who has woken a task and where") {
        rt::CurrentThread runtime;
        std::string asked;
        auto story = [](std::string* text) -> Async<> {
            auto [sender, letter] = rt::oneshot::channel<int>();
            auto waiting = rt::spawn(reader(std::move(letter)));
            co_await rt::yield_now();
            auto writing = rt::spawn(
                [](rt::oneshot::Sender<int> to, std::string* found) -> Async<> {
                    std::move(to).send(1);
                    *found = report();
                    co_return;
                },
                std::move(sender), text);
            co_await writing;
            co_await waiting;
        };
        runtime.block_on(story(&asked));
        CHECK(asked.find("task 1 (reader), spawned at 00-provided/00.2-dump.cpp:N\n"
                         "    polled once, last Pending; wakers: 0 held (1 made, 1 gone)\n"
                         "    woken once, last N s ago, on the main thread, in a poll of task 2\n"
                         "    => queued for N s, but not polled: ") == 0);
    }

    TEST_CASE("tasks of a multi_thread runtime and its workers") {
        rt::MultiThread runtime(1);
        auto [sender, letter] = rt::oneshot::channel<int>();
        auto waiting = runtime.spawn(reader(std::move(letter)));
        // The worker has polled it, and sleeps again.
        while (rt::record::all_tasks()[0]->last_result.load(rt::relaxed) != 0) {
            rt::yield_thread();
        }
        std::string text = report();
        CHECK(text.find("task 1 (reader), spawned at 00-provided/00.2-dump.cpp:N\n"
                        "    polled once, last Pending; wakers: 1 held (1 made, 0 gone)\n"
                        "    never woken\n"
                        "    => waits: one waker is held, but nothing has woken it since its last poll\n") == 0);
        CHECK(text.find("worker 1: ") != text.npos);
        std::move(sender).send(3);
        CHECK(runtime.block_on(std::move(waiting)) == 3);
    }

    TEST_CASE("what has changed between the two looks gets no verdict") {
        rt::CurrentThread runtime;
        auto three_polls = runtime.spawn(rt::Countdown(2));
        const rt::record::TaskRow* const task = rt::record::all_tasks().at(0);
        rt::record::TwoLooks const looks = rt::record::look_twice(at_once);
        CHECK(rt::record::verdict_between(*task, looks).starts_with("queued for "));
        step("it is polled, and is queued again");
        auto await = [](auto future) -> Async<> { co_await future; };
        runtime.block_on(await(rt::yield_now()));
        CHECK(rt::record::verdict_between(*task, looks) == "");
        step("and the next look finds a task that was not there");
        auto young = runtime.spawn(rt::ready(1));
        CHECK(rt::record::verdict_between(*rt::record::all_tasks().back(), looks) == "");
    }

    TEST_CASE("more tasks than are shown are counted") {
        rt::CurrentThread runtime;
        auto story = []() -> Async<std::string> {
            for (int i = 0; i < 60; ++i) {
                (void)rt::spawn(rt::ready(i));
            }
            co_return rt::dump_text(at_once);
        };
        CHECK(runtime.block_on(story()).find("and 11 more tasks\n") != std::string::npos);
    }

    TEST_CASE("a program that stands still for good says so unasked") {
        CHECK(
            said_by_a_program([] { rt::block_on(rt::pending()); }, "the main thread: ") ==
            "rt: Deadlock: every thread sleeps, and none is left to unpark another. Press Ctrl-C to end the program.\n"
            "rt: what each task and thread does:\n"
            "the main thread: asleep for N s, until unparked\n");
    }
}
