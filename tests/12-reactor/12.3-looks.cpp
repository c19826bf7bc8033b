/// \file
/// 12.3: one look at the system: a signal, a full batch, and a flood of events.
#include "registration.hpp"

#include <doctest/doctest.h>

#include <rt/reactor.hpp>
#include <rt/sync.hpp>
#include <rt/sys.hpp>
#include <support/ends.hpp>
#include <support/story.hpp>
#include <support/test_thread.hpp>
#include <support/trace_log.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string_view>
#include <system_error>
#include <vector>

#include <pthread.h>
#include <csignal>

using namespace support;
using namespace std::chrono_literals;
using rt::Direction, rt::Reactor, rt::Registration;
using Kind = rt::trace::Kind;

namespace {

/// Installs a handler that does nothing, without SA_RESTART: every blocking call is interrupted.
void interrupt_calls_on(int signal) {
    struct sigaction action{};
    action.sa_handler = [](int) {};
    sigaction(signal, &action, nullptr);
}

volatile int written_by_signal = -1;

}  // namespace

TEST_SUITE("12.3 the reactor") {
    TEST_CASE("a signal ends the sleep and is no error") {
        interrupt_calls_on(SIGUSR1);
        TraceLog log;
        Reactor reactor;
        rt::Atomic<bool> returned{false};
        rt::Atomic<bool> threw{false};
        rt::Atomic<pthread_t> thread{};
        TestThread sleeper([&] {
            thread.store(pthread_self());
            try {
                reactor.park(std::nullopt);
            } catch (const std::system_error& error) {
                step("park threw: {}", error.what());
                threw.store(true);
            }
            returned.store(true);
        });
        log.wait_for(Kind::park, 1);
        step("interrupt it");
        while (!returned.load()) {
            pthread_kill(thread.load(), SIGUSR1);
            rt::yield_thread();
        }
        sleeper.join();
        CHECK_MESSAGE(!threw.load(), "EINTR is not an error: a signal came, nothing else");
    }

    TEST_CASE("a signal does not hide what is ready") {
        for (int round = 0; round < 20; ++round) {
            Reactor reactor;
            Ends pipe = make_pipe();
            Registration registration = reactor.add(pipe.here.get());
            refuse(registration);
            written_by_signal = pipe.there.get();
            struct sigaction action{};
            action.sa_handler = [](int) { rt::sys::write(written_by_signal, std::string_view("x")); };
            sigaction(SIGUSR1, &action, nullptr);
            TraceLog log;
            rt::Atomic<pthread_t> thread{};
            TestThread sleeper([&] {
                thread.store(pthread_self());
                reactor.park(std::nullopt);
            });
            log.wait_for(Kind::park, 1);
            step("a signal ends the sleep, and its handler writes into the pipe");
            pthread_kill(thread.load(), SIGUSR1);
            sleeper.join();
            CHECK_MESSAGE(is_ready(registration, Direction::read), "the park returned without a look after the signal");
        }
    }

    TEST_CASE("more events than one batch") {
        Reactor reactor;
        std::vector<Ends> pipes;
        std::vector<Registration> registrations;
        constexpr std::size_t count = Reactor::batch + 10;
        for (std::size_t i = 0; i < count; ++i) {
            pipes.push_back(make_pipe());
            registrations.push_back(reactor.add(pipes.back().here.get()));
            refuse(registrations.back());
            CHECK(rt::sys::write(pipes.back().there.get(), std::string_view("x")) == 1);
        }
        reactor.park(rt::no_wait);
        CHECK_MESSAGE(reactor.has_more(), "a full batch leaves events behind: no timer may fire yet");
        reactor.park(rt::no_wait);
        CHECK_FALSE(reactor.has_more());
        for (Registration& registration : registrations) {
            CHECK(is_ready(registration, Direction::read));
        }
    }

    TEST_CASE("a flood of events holds timers up for a bounded time") {
        Reactor reactor;
        std::vector<Ends> pipes;
        std::vector<Registration> registrations;
        std::vector<bool> was_seen(3 * Reactor::batch);
        for (std::size_t i = 0; i < was_seen.size(); ++i) {
            pipes.push_back(make_pipe());
            registrations.push_back(reactor.add(pipes.back().here.get()));
            refuse(registrations.back());
            CHECK(rt::sys::write(pipes.back().there.get(), std::string_view("x")) == 1);
        }
        int looks = 0;
        do {
            reactor.park(rt::no_wait);
            ++looks;
            for (std::size_t i = 0; i < was_seen.size(); ++i) {
                if (is_ready(registrations[i], Direction::read)) {
                    was_seen[i] = true;
                    refuse(registrations[i]);
                    CHECK(rt::sys::write(pipes[i].there.get(), std::string_view("x")) == 1);  // so every batch is full
                }
            }
        } while (reactor.has_more() && looks < 100);
        CHECK(std::find(was_seen.begin(), was_seen.end(), false) == was_seen.end());
        CHECK_MESSAGE(looks == 4, "a flood must not hold timers up for longer than one event of each descriptor");
    }
}
