#include "event_fds.hpp"

#include <doctest/doctest.h>
#include <rt/signal.hpp>
#include <rt/sync.hpp>
#include <support/ends.hpp>
#include <support/sanitizers.hpp>
#include <support/story.hpp>
#include <support/test_thread.hpp>

#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <system_error>
#include <vector>

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

using namespace support;

namespace {

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

TEST_SUITE("20.0 given: signals") {
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
}
