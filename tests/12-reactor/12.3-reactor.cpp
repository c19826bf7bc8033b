/// \file
/// 12.3: epoll as a Park.
#include "registration.hpp"

#include <doctest/doctest.h>

#include <rt/current_thread.hpp>
#include <rt/future.hpp>
#include <rt/park.hpp>
#include <rt/reactor.hpp>
#include <rt/sync.hpp>
#include <rt/sys.hpp>
#include <support/counting_waker.hpp>
#include <support/ends.hpp>
#include <support/story.hpp>
#include <support/test_thread.hpp>
#include <support/trace_log.hpp>

#include <chrono>
#include <functional>
#include <optional>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <poll.h>

using namespace support;
using namespace std::chrono_literals;
using rt::Direction, rt::Reactor, rt::Registration;
using Kind = rt::trace::Kind;

namespace {

/// A waker that runs `then` when it is woken.
class Doorbell {
  public:
    explicit Doorbell(std::function<void()> then) : then_(std::move(then)) {}
    rt::Waker waker() { return rt::Waker(this, &vtable); }

  private:
    static void ring(void* data) noexcept { static_cast<Doorbell*>(data)->then_(); }
    static constexpr rt::WakerVTable vtable{[](void*) noexcept {}, ring, ring, [](void*) noexcept {}};

    std::function<void()> then_;
};

bool is_readable(int fd) {
    pollfd entry{fd, POLLIN, 0};
    return ::poll(&entry, 1, 0) == 1;
}

}  // namespace

TEST_SUITE("12.3 the reactor") {
    TEST_CASE("an event wakes whoever waits for that direction") {
        Reactor reactor;
        Ends pipe = make_pipe();
        Registration registration = reactor.add(pipe.here.get());
        refuse(registration);
        CountingWaker reader;
        rt::Waker waker = reader.waker();
        registration.record().reader.register_waker(waker);
        step("look around: nothing is there");
        reactor.park(rt::no_wait);
        CHECK(reader.wakes() == 0);
        put(pipe.there, "tea");
        reactor.park(rt::no_wait);
        CHECK(reader.wakes() == 1);
        CHECK(is_ready(registration, Direction::read));
    }

    TEST_CASE("what happened before the registration is reported too") {
        Reactor reactor;
        Ends pipe = make_pipe();
        put(pipe.there, "early");
        Registration registration = reactor.add(pipe.here.get());
        refuse(registration);
        reactor.park(rt::no_wait);
        CHECK(is_ready(registration, Direction::read));
    }

    TEST_CASE("each thing is said once") {
        TraceLog log;
        Reactor reactor;
        Ends sockets = make_socket_pair();
        Registration registration = reactor.add(sockets.here.get());
        step("a socket can be written: that is the first event");
        reactor.park(rt::no_wait);
        CHECK(log.count(Kind::io_ready) == 1);
        step("look around three times more");
        for (int i = 0; i < 3; ++i) {
            reactor.park(rt::no_wait);
        }
        CHECK_MESSAGE(log.count(Kind::io_ready) == 1, "the kernel says it again and again: is it edge-triggered?");
    }

    TEST_CASE("a closed descriptor is reported no more") {
        TraceLog log;
        Reactor reactor;
        Ends pipe = make_pipe();
        {
            Registration registration = reactor.add(pipe.here.get());
            put(pipe.there, "late");
            pipe.here.reset();
        }
        reactor.park(rt::no_wait);
        CHECK(log.count(Kind::io_ready) == 0);
    }

    TEST_CASE("an event of a closed descriptor does its successor no harm") {
        Reactor reactor;
        Ends first = make_pipe();
        Ends second = make_pipe();
        Ends third = make_pipe();
        Registration a = reactor.add(first.here.get());
        Registration b = reactor.add(second.here.get());
        refuse(a);
        refuse(b);
        Registration successor;
        step("whoever is woken by the first closes the second and opens a third in its place");
        Doorbell doorbell([&] {
            rt::IoRecord* record = &b.record();
            b = Registration();
            second.here.reset();
            successor = reactor.add(third.here.get());
            CHECK(&successor.record() == record);
            refuse(successor);
        });
        rt::Waker waker = doorbell.waker();
        a.record().reader.register_waker(waker);
        put(first.there, "one");
        put(second.there, "two");
        step("both events come in one batch");
        reactor.park(rt::no_wait);
        REQUIRE(successor);
        step("the successor may have tried in vain, and waits");
        refuse(successor);
        CHECK_FALSE(is_ready(successor, Direction::read));
        CountingWaker reader;
        successor.record().reader.register_waker(reader.waker());
        put(third.there, "three");
        reactor.park(rt::no_wait);
        CHECK(is_ready(successor, Direction::read));
        CHECK(reader.wakes() == 1);
    }

    TEST_CASE("an unpark before the sleep is not lost") {
        Reactor reactor;
        reactor.unpark();
        step("park; without the token this would not end");
        reactor.park(std::nullopt);
        CHECK(true);
    }

    TEST_CASE("an unpark ends the sleep and writes once") {
        TraceLog log;
        Reactor reactor;
        TestThread sleeper([&] { reactor.park(std::nullopt); });
        log.wait_for(Kind::park, 1);
        step("unpark three times");
        reactor.unpark();
        reactor.unpark();
        reactor.unpark();
        sleeper.join();
        CHECK_MESSAGE(log.count(Kind::unpark) == 1, "one write is enough: the others would only cost system calls");
    }

    TEST_CASE("unparks of a reactor that is awake write nothing") {
        TraceLog log;
        Reactor reactor;
        reactor.unpark();
        reactor.unpark();
        CHECK(log.count(Kind::unpark) == 0);
    }

    TEST_CASE("many unparks from two threads lose none") {
        // Each round: the sleeper may go on only when both have unparked; a lost unpark hangs.
        Reactor reactor;
        constexpr int rounds = 2000;
        rt::Atomic<int> given{0};
        rt::Atomic<int> taken{0};
        TestThread sleeper([&] {
            for (int round = 1; round <= rounds; ++round) {
                while (given.load(rt::acquire) < round) {
                    reactor.park(std::nullopt);
                }
                taken.store(round, rt::release);
                still_alive();
            }
        });
        for (int round = 1; round <= rounds; ++round) {
            given.store(round, rt::release);
            reactor.unpark();
            while (taken.load(rt::acquire) < round) {
                rt::yield_thread();
            }
        }
        sleeper.join();
        CHECK(taken.load() == rounds);
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
        CHECK_MESSAGE(log.text() == "park the reactor\n", "one wait is one sleep: more would be a busy loop");
    }

    TEST_CASE("whoever slept in the old base is sent out of it") {
        TraceLog log;
        rt::CurrentThread runtime;
        rt::Atomic<bool> is_made{false};
        rt::Waker kept;
        TestThread other([&] {
            log.wait_for(Kind::park, 1);
            step("the runtime sleeps on its condition variable; make the reactor");
            runtime.service<Reactor>();
            is_made.store(true, rt::release);
            step("wake the runtime: it sleeps in the reactor by now, or will look around there first");
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

    TEST_CASE("a foreign loop sees an unpark at the descriptor") {
        Reactor reactor;
        reactor.drive_from_outside();
        CHECK_FALSE(is_readable(reactor.descriptor()));
        for (int round = 0; round < 3; ++round) {
            reactor.unpark();
            CHECK(is_readable(reactor.descriptor()));
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

    TEST_CASE("a descriptor that cannot be watched is refused with the kernel's reason") {
        Reactor reactor;
        rt::sys::Fd file(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
        Ends pipe = make_pipe();
        rt::IoRecord* free_record = &reactor.add(pipe.here.get()).record();
        CHECK_THROWS_WITH_AS((void)reactor.add(file.get()), "epoll_ctl: Operation not permitted", std::system_error);
        CHECK_MESSAGE(&reactor.add(pipe.there.get()).record() == free_record, "the record was not given back");
    }

    TEST_CASE("making and dropping reactors leaves no descriptor open") {
        int before = open_descriptors();
        for (int i = 0; i < 3; ++i) {
            rt::CurrentThread runtime;
            runtime.service<Reactor>();
            CHECK(open_descriptors() == before + 2);
        }
        CHECK(open_descriptors() == before);
    }
}
