#include <doctest/doctest.h>
#include <rt/async.hpp>
#include <rt/current_thread.hpp>
#include <rt/join.hpp>
#include <rt/multi_thread.hpp>
#include <rt/signal.hpp>
#include <rt/sync.hpp>
#include <rt/time.hpp>
#include <rt/timeout.hpp>
#include <support/ends.hpp>
#include <support/sanitizers.hpp>
#include <support/story.hpp>
#include <support/test_thread.hpp>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace support;
using namespace std::chrono_literals;

namespace {

rt::Async<int> wait_for(rt::Signal signal) { co_return co_await signal; }

rt::Async<int> raise_then_wait(rt::Signal signal, int number) {
    std::raise(number);
    co_return co_await signal;
}

/// True if the signal comes while the program has nothing else to do.
rt::Async<bool> hears(rt::Signal signal) {
    rt::time::pause();
    try {
        co_await rt::timeout(1s, std::move(signal));
        co_return true;
    } catch (const rt::Elapsed&) {
        co_return false;
    }
}

/// The descriptors of this process that are eventfds.
std::vector<int> event_fds() {
    std::vector<int> found;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
        std::error_code gone;
        if (std::filesystem::read_symlink(entry.path(), gone) == "anon_inode:[eventfd]") {
            found.push_back(std::stoi(entry.path().filename()));
        }
    }
    return found;
}

rt::Atomic<bool> holds_writes{false};
rt::Atomic<bool> is_write_held{false};

}  // namespace

/// Takes the place of the C library's. A signal handler's write, of 8 bytes, waits while `holds_writes`.
extern "C" ssize_t write(int fd, const void* data, std::size_t size) {
    if (size == 8 && holds_writes.load()) {
        is_write_held.store(true);
        while (holds_writes.load()) {
            rt::yield_thread();
        }
    }
    return ::syscall(SYS_write, fd, data, size);
}

TEST_SUITE("20.1 signal") {
    TEST_CASE("one that comes before the first poll is not lost") {
        rt::CurrentThread runtime;
        rt::Signal signal = rt::signal(SIGUSR1);
        step("raise SIGUSR1, then wait for it");
        std::raise(SIGUSR1);
        CHECK(runtime.block_on(wait_for(std::move(signal))) == SIGUSR1);
    }

    TEST_CASE("one that comes from another thread ends the sleep") {
        rt::CurrentThread runtime;
        auto both = [](rt::Signal signal) -> rt::Async<int> {
            // The other thread raises when this task has been polled and waits.
            std::thread thread;
            auto start = [&thread](rt::Context&) -> rt::Poll<void> {
                thread = std::thread([] { std::raise(SIGUSR2); });
                return rt::Ready();
            };
            auto both_waits = rt::join(std::move(signal), rt::poll_fn(start));
            auto result = co_await both_waits;
            thread.join();
            co_return std::get<0>(result);
        };
        step("wait, and have another thread raise SIGUSR2");
        CHECK(runtime.block_on(both(rt::signal(SIGUSR2))) == SIGUSR2);
    }

    TEST_CASE("of several signals each is told apart") {
        rt::CurrentThread runtime;
        for (int number : {SIGINT, SIGTERM}) {
            step("raise {}", number);
            CHECK(runtime.block_on(raise_then_wait(rt::shutdown_signal(), number)) == number);
        }
        CHECK(runtime.block_on(raise_then_wait(rt::ctrl_c(), SIGINT)) == SIGINT);
    }

    TEST_CASE("who did not ask for it does not hear of it") {
        rt::CurrentThread runtime;
        rt::Signal other = rt::signal(SIGUSR2);
        rt::Signal signal = rt::signal(SIGUSR1);
        step("raise SIGUSR2 beside a wait for SIGUSR1");
        std::raise(SIGUSR2);
        CHECK_FALSE(runtime.block_on(hears(std::move(signal))));
    }

    TEST_CASE("signals that come together are taken one after the other") {
        rt::CurrentThread runtime;
        rt::Signal first = rt::signal(SIGHUP, SIGTERM);
        step("raise SIGTERM and SIGHUP");
        std::raise(SIGTERM);
        std::raise(SIGHUP);
        CHECK(runtime.block_on(wait_for(std::move(first))) == SIGHUP);
        CHECK(runtime.block_on(wait_for(rt::signal(SIGHUP, SIGTERM))) == SIGTERM);
        step("each of them was taken once");
        CHECK_FALSE(runtime.block_on(hears(rt::signal(SIGHUP, SIGTERM))));
    }

    TEST_CASE("one that comes between two futures is not lost") {
        rt::CurrentThread runtime;
        auto twice = []() -> rt::Async<int> {
            auto first = rt::signal(SIGHUP, SIGTERM);
            std::raise(SIGHUP);
            int number = co_await first;
            step("raise SIGTERM while the first future has its signal");
            std::raise(SIGTERM);
            auto second = rt::signal(SIGHUP, SIGTERM);
            co_return 100 * number + co_await second;
        };
        CHECK(runtime.block_on(twice()) == 100 * SIGHUP + SIGTERM);
        { rt::Signal dropped = rt::signal(SIGTERM); }
        step("raise SIGTERM while there is no future");
        std::raise(SIGTERM);
        CHECK(runtime.block_on(wait_for(rt::signal(SIGTERM))) == SIGTERM);
    }

    TEST_CASE("a listener hears one signal after the other") {
        rt::CurrentThread runtime;
        auto listen = []() -> rt::Async<int> {
            rt::Signal signals = rt::signal(SIGHUP);
            int count = 0;
            for (; count < 3; ++count) {
                std::raise(SIGHUP);
                int number = co_await signals.recv();
                CHECK(number == SIGHUP);
            }
            co_return count;
        };
        CHECK(runtime.block_on(listen()) == 3);
    }

    TEST_CASE("a signal to a forked child does not come here") {
        rt::CurrentThread runtime;
        rt::Signal signal = rt::signal(SIGTERM);
        step("a child that has the handler, too, gets SIGTERM");
        pid_t const child = ::fork();
        if (child == 0) {
            std::raise(SIGTERM);
            ::_exit(0);
        }
        REQUIRE(::waitpid(child, nullptr, 0) == child);
        std::uint64_t written = 0;
        CHECK_MESSAGE(::read(event_fds().front(), &written, sizeof written) < 0, "the child rang its parent's bell");
        CHECK_FALSE(runtime.block_on(hears(std::move(signal))));
    }

    TEST_CASE("an eventfd that is readable without a signal is no signal") {
        rt::CurrentThread runtime;
        rt::Signal signal = rt::signal(SIGTERM);
        std::uint64_t const one = 1;
        REQUIRE(::write(event_fds().front(), &one, sizeof one) == sizeof one);
        CHECK_FALSE(runtime.block_on(hears(std::move(signal))));
    }

    TEST_CASE("all who ask for it hear of it") {
        rt::CurrentThread runtime;
        auto many = []() -> rt::Async<int> {
            std::vector<rt::Async<int>> waits;
            for (int i = 0; i < 20; ++i) {
                waits.push_back(wait_for(rt::signal(SIGUSR1, SIGUSR2)));
            }
            std::raise(SIGUSR1);
            auto all = rt::join_all(std::move(waits));
            auto numbers = co_await all;
            int right = 0;
            for (int number : numbers) {
                right += number == SIGUSR1 ? 1 : 0;
            }
            co_return right;
        };
        step("raise SIGUSR1 for 20 who wait");
        CHECK(runtime.block_on(many()) == 20);
    }

    TEST_CASE("a signal that is dropped gives its place and its descriptor back") {
        { rt::Signal warm_up = rt::signal(SIGUSR1); }
        int before = open_descriptors();
        step("make and drop 1000 signals");
        for (int i = 0; i < 1000; ++i) {
            rt::Signal signal = rt::signal(SIGUSR1);
            still_alive();
        }
        CHECK(open_descriptors() == before);
        step("raise SIGUSR1 when nobody waits");
        std::raise(SIGUSR1);
    }

    TEST_CASE("a signal that is dropped waits for a handler that is about to write") {
        if (under_tsan) {
            fmt::print("skipped, ThreadSanitizer holds signals back\n");
            return;
        }
        std::optional<rt::Signal> signal(rt::signal(SIGUSR1));
        REQUIRE(event_fds().size() == 1);
        int const fd = event_fds().front();
        step("raise SIGUSR1 on another thread, whose handler has seen the descriptor and stops there");
        holds_writes.store(true);
        TestThread interrupted([] { std::raise(SIGUSR1); });
        while (!is_write_held.load()) {
            rt::yield_thread();
        }
        step("drop the signal on a third thread");
        rt::Atomic<bool> begun{false};
        TestThread owner([&] {
            begun.store(true);
            signal.reset();
        });
        bool is_open = true;
        for (int i = 0; (i < 200 || !begun.load()) && is_open; ++i) {
            still_alive();
            is_open = ::fcntl(fd, F_GETFD) != -1;
            rt::yield_thread();
        }
        CHECK_MESSAGE(is_open, "the descriptor was closed under a signal handler, which then writes to another file");
        holds_writes.store(false);
        interrupted.join();
        owner.join();
        CHECK(event_fds().empty());
    }

    TEST_CASE("the code that a signal interrupts finds its errno") {
        rt::Signal signal = rt::signal(SIGUSR1);
        step("fill the signal's eventfd, so that the handler's write fails");
        REQUIRE(event_fds().size() == 1);
        std::uint64_t const most = std::numeric_limits<std::uint64_t>::max() - 1;
        REQUIRE(::write(event_fds().front(), &most, sizeof most) == sizeof most);
        errno = EDOM;
        std::raise(SIGUSR1);
        int const after = errno;
        CHECK_MESSAGE(after == EDOM, "the handler changed errno, which the code that it interrupted was about to read");
    }

    TEST_CASE("too many at a time is an error") {
        std::vector<rt::Signal> signals;
        step("make signals until there is no place left");
        CHECK_THROWS_AS(
            {
                for (int i = 0; i < 1000; ++i) {
                    signals.push_back(rt::signal(SIGUSR1));
                }
            },
            std::system_error);
        CHECK(signals.size() == 64);
    }

    TEST_CASE("SIGKILL cannot be caught") {
        step("ask for SIGKILL");
        CHECK_THROWS_AS((void)rt::signal(SIGKILL), std::system_error);
        step("the place was given back");
        std::vector<rt::Signal> signals;
        for (int i = 0; i < 64; ++i) {
            signals.push_back(rt::signal(SIGUSR1));
        }
    }

    TEST_CASE("signals that report a fault of the code are refused") {
        for (int number : {SIGSEGV, SIGBUS, SIGFPE, SIGILL}) {
            step("ask for {}", number);
            CHECK_THROWS_WITH_AS(
                (void)rt::signal(number, SIGTERM),
                "this signal reports a fault of the running code, which a task cannot mend. Do not wait "
                "for SIGSEGV, SIGBUS, SIGFPE, or SIGILL: Invalid argument",
                std::system_error);
        }
    }

    TEST_CASE("what is no signal's number is an error") {
        for (int number : {-1, 0, 65, 1000}) {
            step("ask for {}", number);
            CHECK_THROWS_AS((void)rt::signal(number), std::system_error);
        }
    }

    TEST_CASE("raised while signals come and go on other threads") {
        rt::MultiThread runtime(2);
        auto come_and_go = []() -> rt::Async<> {
            for (int i = 0; i < 200; ++i) {
                int number = co_await raise_then_wait(rt::signal(SIGUSR1), SIGUSR1);
                CHECK(number == SIGUSR1);
                still_alive();
            }
        };
        auto both = [come_and_go]() -> rt::Async<> {  // house-rule: allow the lambda outlives the block_on below
            auto first = rt::spawn(come_and_go);
            auto second = rt::spawn(come_and_go);
            co_await first;
            co_await second;
        };
        step("two tasks raise, wait, and drop");
        runtime.block_on(both());
    }
}
