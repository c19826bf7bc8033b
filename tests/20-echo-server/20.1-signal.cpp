#include "event_fds.hpp"
#include "soon.hpp"

#include <doctest/doctest.h>
#include <rt/async.hpp>
#include <rt/current_thread.hpp>
#include <rt/future.hpp>
#include <rt/join.hpp>
#include <rt/signal.hpp>
#include <rt/spawn.hpp>
#include <support/story.hpp>

#include <csignal>
#include <cstdint>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

using namespace support;

TEST_SUITE("20.1 a signal is a future") {
    TEST_CASE("a signal that comes before the first poll is not lost") {
        rt::CurrentThread runtime;
        rt::Signal signal = rt::signal(SIGUSR1);
        step("raise SIGUSR1, then wait for it");
        std::raise(SIGUSR1);
        CHECK_MESSAGE(runtime.block_on(soon(std::move(signal))) == SIGUSR1,
                      "the signal had come before the first poll. Look at the counts before you wait for the eventfd.");
    }

    TEST_CASE("a signal that comes from another thread ends the sleep") {
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
            rt::Signal signal = rt::shutdown_signal();
            step("raise {}", number);
            std::raise(number);
            int const found = runtime.block_on(soon(std::move(signal)));
            CHECK_MESSAGE(found == number, "a signal is yielded by its number, and only if it has come");
        }
    }

    TEST_CASE("a signal that is not asked for is not heard of") {
        rt::CurrentThread runtime;
        rt::Signal other = rt::signal(SIGUSR2);
        rt::Signal signal = rt::signal(SIGUSR1);
        step("raise SIGUSR2 beside a wait for SIGUSR1");
        std::raise(SIGUSR2);
        int const found = runtime.block_on(soon(std::move(signal)));
        CHECK_MESSAGE(found == 0, "the eventfd was written for another signal, and SIGUSR1 has not come");
    }

    TEST_CASE("signals that come together are taken one after the other") {
        rt::CurrentThread runtime;
        rt::Signal first = rt::signal(SIGHUP, SIGTERM);
        step("raise SIGTERM and SIGHUP, and take the first");
        auto const before = rt::detail::signal_count(SIGTERM).taken.load(rt::relaxed);
        std::raise(SIGTERM);
        std::raise(SIGHUP);
        int const lowest = runtime.block_on(soon(std::move(first)));
        CHECK_MESSAGE(lowest == SIGHUP, "two signals came. Begin with the lowest number.");
        auto const taken = rt::detail::signal_count(SIGTERM).taken.load(rt::relaxed);
        CHECK_MESSAGE(taken == before, "two signals came, and one poll took both. Return at the first that has come.");
        step("take the second");
        int const second = runtime.block_on(soon(rt::signal(SIGHUP, SIGTERM)));
        REQUIRE_MESSAGE(
            second != SIGHUP,
            "a signal that one Signal had taken came again for the next one. Use `take`, which tells all of them.");
        CHECK_MESSAGE(second == SIGTERM,
                      "SIGTERM had come, and SIGHUP had not. Ask for each signal before you wait for the eventfd.");
        step("each of them was taken once");
        CHECK(runtime.block_on(soon(rt::signal(SIGHUP, SIGTERM))) == 0);
    }

    TEST_CASE("one listener hears two signals that come together") {
        auto story = []() -> rt::Async<> {
            rt::Signal signals = rt::signal(SIGHUP, SIGTERM);
            step("raise SIGTERM and SIGHUP: one event of the eventfd for two signals");
            std::raise(SIGTERM);
            std::raise(SIGHUP);
            int const first = co_await soon(signals.recv());
            CHECK(first == SIGHUP);
            int const second = co_await soon(signals.recv());
            CHECK_MESSAGE(second != SIGHUP,
                          "SIGHUP came once, and was yielded twice. Let take() change the entry of seen_, not a copy.");
            CHECK_MESSAGE(second == SIGTERM,
                          "the eventfd rings once for two signals. Look at the counts before you wait for it.");
        };
        rt::CurrentThread runtime;
        runtime.block_on(story());
    }

    TEST_CASE("a signal that comes between two futures is not lost") {
        auto story = []() -> rt::Async<> {
            auto first = rt::signal(SIGHUP, SIGTERM);
            std::raise(SIGHUP);
            int number = co_await soon(std::move(first));
            CHECK(number == SIGHUP);
            step("raise SIGTERM while there is no future");
            std::raise(SIGTERM);
            number = co_await soon(rt::signal(SIGHUP, SIGTERM));
            CHECK_MESSAGE(
                number == SIGTERM,
                "the signal had come before the first poll. Look at the counts before you wait for the eventfd.");
        };
        rt::CurrentThread runtime;
        runtime.block_on(story());
    }

    TEST_CASE("a listener hears one signal after the other") {
        auto listen = []() -> rt::Async<> {
            rt::Signal signals = rt::signal(SIGHUP);
            for (int count = 1; count <= 3; ++count) {
                auto hearing = rt::spawn(soon(signals.recv()));
                co_await rt::Countdown(2);
                step("raise SIGHUP, time {}, for a task that waits", count);
                bool const waits = !hearing.is_finished();
                REQUIRE_MESSAGE(waits, "no signal has come since the last one, and this listener was Ready");
                std::raise(SIGHUP);
                int const number = co_await hearing;
                CHECK_MESSAGE(
                    number == SIGHUP,
                    "this future was Pending without a waker. After the eventfd was read, wait for it again.");
            }
        };
        rt::CurrentThread runtime;
        runtime.block_on(listen());
    }

    TEST_CASE("an eventfd that is readable without a signal is no signal") {
        rt::CurrentThread runtime;
        rt::Signal signal = rt::signal(SIGTERM);
        ring(event_fds().front());
        int const found = runtime.block_on(soon(std::move(signal)));
        CHECK_MESSAGE(found == 0, "the eventfd was readable, but no signal had come. Look at the counts again.");
    }

    TEST_CASE("a signal is heard of although the eventfd was readable before") {
        auto story = [](bool waits_before) -> rt::Async<> {
            rt::Signal signal = rt::signal(SIGTERM);
            REQUIRE(event_fds().size() == 1);
            int const fd = event_fds().front();
            if (!waits_before) {
                ring(fd);
            }
            auto hearing = rt::spawn(soon(std::move(signal)));
            co_await rt::Countdown(3);
            if (waits_before) {
                ring(fd);
            }
            co_await rt::Countdown(3);
            CHECK_FALSE(hearing.is_finished());
            step("now raise SIGTERM");
            std::raise(SIGTERM);
            int const found = co_await hearing;
            CHECK_MESSAGE(found == SIGTERM,
                          "this future was Pending without a waker. After the eventfd was read, wait for it again.");
        };
        for (bool waits_before : {false, true}) {
            rt::CurrentThread runtime;
            runtime.block_on(story(waits_before));
        }
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
        CHECK(runtime.block_on(soon(std::move(signal))) == 0);
    }

    TEST_CASE("all who ask for it hear of it") {
        auto many = []() -> rt::Async<int> {
            std::vector<rt::Async<int>> waits;
            for (int i = 0; i < 20; ++i) {
                waits.push_back(soon(rt::signal(SIGUSR1, SIGUSR2)));
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
        rt::CurrentThread runtime;
        step("raise SIGUSR1 for 20 who wait");
        CHECK(runtime.block_on(many()) == 20);
    }
}
