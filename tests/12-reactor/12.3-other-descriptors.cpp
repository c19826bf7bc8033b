/// \file
/// 12.3: descriptors of other kinds: FIFOs that begin and end, and sockets with urgent data.
#include <doctest/doctest.h>

#include "source.hpp"
#include "tcp_pair.hpp"

#include <rt/block_on.hpp>
#include <rt/park.hpp>
#include <rt/reactor.hpp>
#include <rt/sys.hpp>
#include <support/death.hpp>
#include <support/ends.hpp>
#include <support/mock_task.hpp>
#include <support/story.hpp>

#include <array>
#include <cstdlib>
#include <optional>
#include <string>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>

using namespace support;
using rt::Pending, rt::Reactor;

namespace {

/// A FIFO in a folder of its own.
class Fifo {
  public:
    Fifo() {
        REQUIRE(::mkdtemp(folder_.data()) != nullptr);
        name_ = folder_ + "/fifo";
        REQUIRE(::mkfifo(name_.c_str(), 0600) == 0);
    }
    Fifo(const Fifo&) = delete;
    Fifo& operator=(const Fifo&) = delete;
    ~Fifo() {
        ::unlink(name_.c_str());
        ::rmdir(folder_.c_str());
    }

    rt::sys::Fd open(int flags) const { return rt::sys::Fd(::open(name_.c_str(), flags | O_NONBLOCK | O_CLOEXEC)); }

  private:
    std::string folder_ = "/tmp/pbp-fifo-XXXXXX";
    std::string name_;
};

}  // namespace

TEST_SUITE("12.3 waiting for a descriptor") {
    TEST_CASE("the end of the stream is read as often as it is asked for") {
        // A FIFO that has never had a writer: its reads give the end, and epoll has nothing to report.
        Fifo fifo;
        Reactor reactor;
        Source source(fifo.open(O_RDONLY));
        source.source.register_with(reactor);
        for (int i = 0; i < 3; ++i) {
            rt::Poll<std::string> end = spawn_mock("read the end", source.read()).poll();
            REQUIRE_MESSAGE(end.is_ready(), "a read of 0 bytes is the end of the stream, and not a short read");
            CHECK(end.value().empty());
        }
    }

    TEST_CASE("a FIFO comes to life again with another writer") {
        Fifo fifo;
        Reactor reactor;
        Source source(fifo.open(O_RDONLY));
        source.source.register_with(reactor);
        rt::sys::Fd writer = fifo.open(O_WRONLY);
        put(writer, "one");
        writer.reset();
        reactor.park(rt::no_wait);
        CHECK(spawn_mock("read", source.read()).poll().value() == "one");
        CHECK(spawn_mock("read the end", source.read()).poll().value().empty());
        step("a second writer opens it and has not written yet");
        writer = fifo.open(O_WRONLY);
        auto task = spawn_mock("read", source.read());
        CHECK(task.poll() == Pending);
        put(writer, "two");
        reactor.park(rt::no_wait);
        CHECK(task.is_woken());
        CHECK(task.poll().value() == "two");
    }

    TEST_CASE("messages that came together are all read") {
        // A pipe that keeps messages apart. So do terminals, with lines, and unix sockets that pass descriptors.
        std::array<int, 2> ends{};
        REQUIRE(rt::sys::pipe(ends, O_NONBLOCK | O_DIRECT) == 0);
        rt::sys::Fd reader(ends[0]);
        rt::sys::Fd writer(ends[1]);
        Reactor reactor;
        Source source(std::move(reader), false);
        auto task = spawn_mock("read", source.read());
        source.source.register_with(reactor);
        CHECK(task.poll() == Pending);
        put(writer, "abc");
        put(writer, "def");
        reactor.park(rt::no_wait);
        CHECK(task.poll().value() == "abc");
        rt::Poll<std::string> second = spawn_mock("read on", source.read()).poll();
        REQUIRE_MESSAGE(second.is_ready(),
                        "a short read was taken for the last one, and the next message was forgotten");
        CHECK(second.value() == "def");
    }

    TEST_CASE("a descriptor in blocking mode is refused") {
        std::array<int, 2> ends{};
        REQUIRE(rt::sys::pipe(ends, 0) == 0);
        rt::sys::Fd writer(ends[1]);
        Source source{rt::sys::Fd(ends[0])};
        expect_violation("read: its descriptor is in blocking mode", [&] { rt::block_on(source.read()); });
    }

    TEST_CASE("bytes behind urgent data are read") {
        Reactor reactor;
        Ends sockets = make_tcp_pair();
        Source source(std::move(sockets.here));
        source.source.register_with(reactor);
        CHECK(spawn_mock("read", source.read()).poll() == Pending);
        put(sockets.there, "before");
        step("one byte goes out of band");
        CHECK(::send(sockets.there.get(), "!", 1, MSG_OOB) == 1);
        put(sockets.there, "behind");
        reactor.park(std::nullopt);
        CHECK(spawn_mock("read", source.read()).poll().value() == "before");
        rt::Poll<std::string> behind = spawn_mock("read on", source.read()).poll();
        REQUIRE_MESSAGE(behind.is_ready(), "a read stopped short of urgent data, and what is behind it was forgotten");
        CHECK(behind.value() == "behind");
    }
}
