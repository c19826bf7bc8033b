/// \file
/// 12.9: a runtime that sleeps in the reactor.
#include "registration.hpp"

#include <doctest/doctest.h>
#include <rt/current_thread.hpp>
#include <rt/future.hpp>
#include <rt/reactor.hpp>
#include <rt/scheduler.hpp>
#include <rt/sync.hpp>
#include <rt/waker.hpp>
#include <support/ends.hpp>
#include <support/story.hpp>
#include <support/test_thread.hpp>
#include <support/trace_log.hpp>

using namespace support;
using rt::Direction, rt::Reactor, rt::Registration;
using Kind = rt::trace::Kind;

TEST_SUITE("12.9 all together: a runtime over the reactor") {
    TEST_CASE("a runtime takes it as its base and sleeps there") {
        TraceLog log{Kind::park};
        rt::CurrentThread runtime;
        Reactor* reactor = nullptr;
        Ends pipe = make_pipe();
        Registration registration;
        auto wait_for_bytes = [&](rt::Context& cx) -> rt::Poll<void> {
            if (reactor == nullptr) {
                reactor = &rt::current().service<Reactor>();
                log.call(reactor, "the reactor");
                registration = reactor->add(pipe.here.get());
                refuse(registration);
            }
            registration.record().reader.register_waker(cx.waker());
            if (is_ready(registration, Direction::read)) {
                return rt::Ready();
            }
            return rt::Pending;
        };
        TestThread writer([&] {
            log.wait_for(Kind::park, 1);
            put(pipe.there, "x");
        });
        runtime.block_on(rt::poll_fn(wait_for_bytes));
        CHECK_MESSAGE(log.text() == "park the reactor\n", "one wait is one sleep. More of them are a busy loop.");
    }

    TEST_CASE("a runtime that sleeps elsewhere moves to the reactor") {
        TraceLog log;
        rt::CurrentThread runtime;
        rt::Atomic<bool> is_made{false};
        rt::Waker kept;
        TestThread other([&] {
            log.wait_for(Kind::park, 1);
            step("the runtime sleeps on its condition variable. Another thread makes the reactor");
            runtime.service<Reactor>();
            is_made.store(true, rt::release);
            step("it wakes the runtime, which sleeps in the reactor by now, or looks there first");
            kept.wake_by_ref();
        });
        auto until_made = [&](rt::Context& cx) -> rt::Poll<void> {
            if (is_made.load(rt::acquire)) {
                return rt::Ready();
            }
            kept = cx.waker();
            return rt::Pending;
        };
        runtime.block_on(rt::poll_fn(until_made));
        CHECK(runtime.find_service<Reactor>() != nullptr);
    }
}
