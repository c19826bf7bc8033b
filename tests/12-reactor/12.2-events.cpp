/// \file
/// 12.2: what the kernel reports, and whom the reactor wakes.
#include "registration.hpp"
#include "tcp_pair.hpp"

#include <doctest/doctest.h>
#include <rt/park.hpp>
#include <rt/reactor.hpp>
#include <rt/sys.hpp>
#include <rt/waker.hpp>
#include <support/calling_waker.hpp>
#include <support/counting_waker.hpp>
#include <support/ends.hpp>
#include <support/story.hpp>
#include <support/trace_log.hpp>

#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/socket.h>

using namespace support;
using rt::Direction, rt::Reactor, rt::Registration;
using Kind = rt::trace::Kind;

TEST_SUITE("12.2 epoll as a Park") {
    TEST_CASE("an event leads back to the record") {
        Reactor reactor;
        Ends pipe = make_pipe();
        Registration registration = reactor.add(pipe.here.get());
        put(pipe.there, "tea");
        step("ask epoll in place of the reactor");
        epoll_event event{};
        REQUIRE(rt::sys::epoll_wait(reactor.descriptor(), {&event, 1}, 0) == 1);
        const void* const data = event.data.ptr;  // a copy, because a packed field can't be bound to a reference
        REQUIRE_MESSAGE(
            data == &registration.record(),
            "the event's data is not the address of the record, so `park` would use some other memory as one. Pass the "
            "address of `registration.record()` to epoll_add.");
    }

    TEST_CASE("an event wakes the task that waits for it") {
        Reactor reactor;
        Ends pipe = make_pipe();
        Registration registration = reactor.add(pipe.here.get());
        refuse(registration);
        CountingWaker reader;
        rt::Waker waker = reader.waker();
        registration.record().reader.register_waker(waker);
        step("the reactor looks, and nothing is there");
        reactor.park(rt::no_wait);
        CHECK(reader.wakes() == 0);
        put(pipe.there, "tea");
        reactor.park(rt::no_wait);
        CHECK_MESSAGE(is_ready(registration, Direction::read),
                      "the readiness word does not know of the event. Does the event lead to the descriptor's record?");
        CHECK_MESSAGE(reader.wakes() == 1, "the word says readable, but the task that waits was not woken");
    }

    TEST_CASE("each direction has its own task") {
        Reactor reactor;
        Ends sockets = make_socket_pair();
        fill(sockets.here);
        Registration registration = reactor.add(sockets.here.get());
        refuse(registration);
        CountingWaker reader;
        CountingWaker writer;
        registration.record().reader.register_waker(reader.waker());
        registration.record().writer.register_waker(writer.waker());
        put(sockets.there, "tea");
        reactor.park(rt::no_wait);
        CHECK(reader.wakes() == 1);
        CHECK_MESSAGE(writer.wakes() == 0, "the writer was woken by bytes to read");
        step("the other side empties the buffer");
        while (!fetch(sockets.there, 1 << 20).empty()) {}
        reactor.park(rt::no_wait);
        CHECK_MESSAGE(writer.wakes() == 1, "the buffer has room again, but the task that waits to write was not woken");
        CHECK(reader.wakes() == 1);
    }

    TEST_CASE("one event for both directions wakes both tasks") {
        Reactor reactor;
        Ends sockets = make_socket_pair();
        put(sockets.there, "tea");
        Registration registration = reactor.add(sockets.here.get());
        refuse(registration);
        CountingWaker reader;
        CountingWaker writer;
        registration.record().reader.register_waker(reader.waker());
        registration.record().writer.register_waker(writer.waker());
        step("the kernel reports in one event that the socket can be read and written");
        reactor.park(rt::no_wait);
        CHECK_MESSAGE(
            (reader.wakes() == 1 && writer.wakes() == 1),
            "one event was news for the reader and for the writer, and only one of them was woken. Look at each "
            "direction on its own, without `else`.");
    }

    TEST_CASE("an event that is no news wakes no task") {
        Reactor reactor;
        Ends pipe = make_pipe();
        Registration registration = reactor.add(pipe.here.get());
        CountingWaker reader;
        registration.record().reader.register_waker(reader.waker());
        step("the word allows a read already, and bytes come");
        put(pipe.there, "tea");
        reactor.park(rt::no_wait);
        CHECK_MESSAGE(reader.wakes() == 0,
                      "a task was woken that had no reason to sleep. Wake only the directions that `set` returns.");
    }

    TEST_CASE("a task that is woken finds the event in the word") {
        Reactor reactor;
        Ends pipe = make_pipe();
        Registration registration = reactor.add(pipe.here.get());
        refuse(registration);
        int lost = 0;
        CallingWaker reader([&] { lost += is_ready(registration, Direction::read) ? 0 : 1; });
        registration.record().reader.register_waker(reader.waker());
        put(pipe.there, "tea");
        step("the waker looks at the word when it is woken");
        reactor.park(rt::no_wait);
        CHECK_MESSAGE(lost == 0,
                      "the task was woken before the event was in the word. It would look, and sleep again.");
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

    TEST_CASE("each event is reported once") {
        TraceLog log;
        Reactor reactor;
        Ends sockets = make_socket_pair();
        Registration registration = reactor.add(sockets.here.get());
        step("a socket can be written, which is the first event");
        reactor.park(rt::no_wait);
        REQUIRE_MESSAGE(log.count(Kind::io_ready) == 1, "the kernel did not report that a socket can be written");
        step("the reactor looks three times more");
        for (int i = 0; i < 3; ++i) {
            reactor.park(rt::no_wait);
        }
        CHECK_MESSAGE(log.count(Kind::io_ready) == 1,
                      "the kernel reports one event again and again. Ask for edge-triggered events.");
    }

    TEST_CASE("the end of the stream is reported") {
        Reactor reactor;
        Ends sockets = make_socket_pair();
        Registration registration = reactor.add(sockets.here.get());
        reactor.park(rt::no_wait);
        refuse(registration);
        step("the other side says that it will send no more");
        CHECK(::shutdown(sockets.there.get(), SHUT_WR) == 0);
        reactor.park(rt::no_wait);
        rt::Readiness now = registration.record().readiness.load();
        registration.record().readiness.clear_short(Direction::read, now);
        CHECK_MESSAGE(is_ready(registration, Direction::read),
                      "the end of the stream was not reported as such. Ask epoll for it.");
    }

    TEST_CASE("urgent data is reported") {
        Reactor reactor;
        Ends sockets = make_tcp_pair();
        Registration registration = reactor.add(sockets.here.get());
        step("one byte goes out of band");
        CHECK(::send(sockets.there.get(), "!", 1, MSG_OOB) == 1);
        reactor.park(rt::no_wait);
        CHECK_MESSAGE(registration.record().readiness.load().is_urgent(),
                      "urgent data was not reported. Ask epoll for it.");
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
        step("the task that the first event wakes closes the second descriptor, and opens a third in its place");
        CallingWaker closer([&] {
            rt::IoRecord* record = &b.record();
            b = Registration();
            second.here.reset();
            successor = reactor.add(third.here.get());
            CHECK(&successor.record() == record);
            refuse(successor);
        });
        rt::Waker waker = closer.waker();
        a.record().reader.register_waker(waker);
        put(first.there, "one");
        put(second.there, "two");
        step("both events come in one batch");
        reactor.park(rt::no_wait);
        REQUIRE(successor);
        step("the task of the third tries in vain, and waits");
        refuse(successor);
        CHECK_FALSE(is_ready(successor, Direction::read));
        CountingWaker reader;
        successor.record().reader.register_waker(reader.waker());
        put(third.there, "three");
        reactor.park(rt::no_wait);
        CHECK(is_ready(successor, Direction::read));
        CHECK(reader.wakes() == 1);
    }

    TEST_CASE("a descriptor that cannot be watched is refused with the kernel's reason") {
        Reactor reactor;
        rt::sys::Fd file(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
        Ends pipe = make_pipe();
        rt::IoRecord* free_record = &reactor.add(pipe.here.get()).record();
        CHECK_THROWS_WITH_AS((void)reactor.add(file.get()), "epoll_ctl: Operation not permitted", std::system_error);
        CHECK_MESSAGE(&reactor.add(pipe.there.get()).record() == free_record, "the record was not given back");
    }
}
