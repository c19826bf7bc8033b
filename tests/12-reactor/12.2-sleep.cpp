/// \file
/// 12.2: how the reactor sleeps, and what ends its sleep.
#include "registration.hpp"

#include <doctest/doctest.h>
#include <rt/park.hpp>
#include <rt/reactor.hpp>
#include <rt/sync.hpp>
#include <rt/sys.hpp>
#include <support/calling_waker.hpp>
#include <support/ends.hpp>
#include <support/story.hpp>
#include <support/test_thread.hpp>
#include <support/trace_log.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <system_error>

#include <poll.h>
#include <pthread.h>
#include <unistd.h>
#include <csignal>

using namespace support;
using namespace std::chrono_literals;
using rt::Direction, rt::Reactor, rt::Registration;
using Kind = rt::trace::Kind;

namespace {

/// Installs a handler that does nothing, without SA_RESTART. So it interrupts every call that blocks.
void interrupt_calls_on(int signal) {
    struct sigaction action{};
    action.sa_handler = [](int) {};
    sigaction(signal, &action, nullptr);
}

bool is_readable(int fd) {
    pollfd entry{fd, POLLIN, 0};
    return ::poll(&entry, 1, 0) == 1;
}

constexpr char token_lost[] =
    "an unpark came before the sleep, and the park slept all the same. Leave the token at each unpark, and take it before "
    "the sleep.";

}  // namespace

TEST_SUITE("12.2 epoll as a Park") {
    TEST_CASE("an unpark before the sleep is not lost") {
        TraceLog log;
        Reactor reactor;
        reactor.unpark();
        step("park, which takes the token and does not sleep");
        reactor.park(rt::sys::now() + 100ms);
        CHECK_MESSAGE(log.count(Kind::park) == 0, token_lost);
    }

    TEST_CASE("a park that takes the token asks epoll too") {
        Reactor reactor;
        Ends pipe = make_pipe();
        Registration registration = reactor.add(pipe.here.get());
        refuse(registration);
        put(pipe.there, "tea");
        reactor.unpark();
        step("bytes are there, and the token too");
        reactor.park(rt::sys::now() + 1s);
        CHECK_MESSAGE(
            is_ready(registration, Direction::read),
            "the park took the token and returned without a look, though bytes were there. Ask epoll, but don't "
            "wait.");
    }

    TEST_CASE("an unpark ends the sleep and writes once") {
        TraceLog log;
        Reactor reactor;
        rt::Atomic<bool> was_woken{false};
        TestThread sleeper([&] {
            rt::Instant const limit = rt::sys::now() + 1s;
            reactor.park(limit);
            was_woken.store(rt::sys::now() < limit);
        });
        log.wait_for(Kind::park, 1);
        step("unpark three times. The first must end the sleep");
        reactor.unpark();
        reactor.unpark();
        reactor.unpark();
        sleeper.join();
        REQUIRE_MESSAGE(
            was_woken.load(),
            "the thread slept on, because `unpark` did not write to the eventfd. Write if `state_` was parked, "
            "and leave it parked until epoll_wait returns.");
        CHECK_MESSAGE(log.count(Kind::unpark) == 1,
                      "unpark wrote more than once. Write only if the thread was parked.");
    }

    TEST_CASE("unparks of a reactor that is awake write nothing") {
        TraceLog log;
        Reactor reactor;
        step("unpark before the first park, and after it");
        reactor.unpark();
        reactor.unpark();
        reactor.park(rt::sys::now() + 100ms);
        reactor.unpark();
        CHECK_MESSAGE(log.count(Kind::unpark) == 0,
                      "an unpark wrote to the eventfd though no thread slept. After each look, the thread is awake.");
        step("that unpark has left its token");
        reactor.park(rt::sys::now() + 100ms);
        CHECK_MESSAGE(log.count(Kind::park) == 0, token_lost);
    }

    TEST_CASE("an unpark during a look is the token of the next sleep") {
        TraceLog log;
        Reactor reactor;
        Ends pipe = make_pipe();
        Registration registration = reactor.add(pipe.here.get());
        refuse(registration);
        CallingWaker reader([&] { reactor.unpark(); });
        registration.record().reader.register_waker(reader.waker());
        put(pipe.there, "tea");
        step("a look wakes a task, and the wake unparks");
        reactor.park(rt::no_wait);
        step("park, which takes the token and does not sleep");
        reactor.park(rt::sys::now() + 100ms);
        CHECK_MESSAGE(log.count(Kind::park) == 0, token_lost);
        CHECK_MESSAGE(log.count(Kind::unpark) == 0,
                      "an unpark wrote to the eventfd though no thread slept. After each look, the thread is awake.");
    }

    TEST_CASE("a look that does not wait takes the token") {
        Reactor reactor;
        reactor.unpark();
        reactor.park(rt::no_wait);
        step("park until a deadline, because the token was taken");
        rt::Instant deadline = rt::sys::now() + 5ms;
        reactor.park(deadline);
        CHECK(rt::sys::now() >= deadline);
    }

    TEST_CASE("a deadline ends the sleep and never early") {
        Reactor reactor;
        for (auto wait : {300us, 999us, 1500us}) {
            rt::Instant deadline = rt::sys::now() + wait;
            step("park for {} us", wait.count());
            reactor.park(deadline);
            CHECK_MESSAGE(rt::sys::now() >= deadline,
                          "the sleep was rounded down: a timer would fire early, or the loop spin");
        }
        step("a deadline of long ago, and one of centuries ahead after an unpark");
        reactor.park(rt::sys::now() - 1h);
        reactor.park(rt::Instant::min() + 1ns);
        reactor.unpark();
        reactor.park(rt::Instant::max());
        CHECK(true);
    }

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
        step("send signals until the park returns, but for at most one second");
        rt::Instant const limit = rt::sys::now() + 1s;
        while (!returned.load() && rt::sys::now() < limit) {
            pthread_kill(thread.load(), SIGUSR1);
            rt::yield_thread();
        }
        bool const slept_on = !returned.load();
        reactor.unpark();
        sleeper.join();
        CHECK_MESSAGE(
            !slept_on,
            "the park slept on after a signal. EINTR ends the sleep, so ask epoll once more, and don't wait.");
        CHECK_MESSAGE(!threw.load(), "EINTR is not an error. A signal came, and nothing is wrong.");
    }

    TEST_CASE("any other error of epoll_wait is thrown") {
        Reactor reactor;
        Ends pipe = make_pipe();
        step("the descriptor of epoll becomes a pipe, so epoll_wait fails with EINVAL");
        REQUIRE(::dup2(pipe.here.get(), reactor.descriptor()) >= 0);
        std::string error = "nothing";
        try {
            reactor.park(rt::no_wait);
        } catch (const std::system_error& thrown) {
            error = thrown.what();
        }
        CHECK_MESSAGE(error == "epoll_wait: Invalid argument",
                      "the kernel refused epoll_wait. Throw each error but EINTR, as \"epoll_wait\".");
    }

    TEST_CASE("a foreign loop sees an unpark at the descriptor") {
        Reactor reactor;
        reactor.drive_from_outside();
        CHECK_FALSE(is_readable(reactor.descriptor()));
        for (int round = 0; round < 3; ++round) {
            reactor.unpark();
            CHECK_MESSAGE(
                is_readable(reactor.descriptor()),
                "a foreign loop sleeps on the descriptor, and the unpark did not wake it. Call end_sleep after "
                "each look, because it knows of foreign loops.");
            step("the foreign loop lets it look around");
            reactor.park(rt::no_wait);
            CHECK_FALSE(is_readable(reactor.descriptor()));
        }
        Ends pipe = make_pipe();
        Registration registration = reactor.add(pipe.here.get());
        put(pipe.there, "x");
        CHECK(is_readable(reactor.descriptor()));
        reactor.park(rt::no_wait);
        CHECK_FALSE(is_readable(reactor.descriptor()));
    }
}
