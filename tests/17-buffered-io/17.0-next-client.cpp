#include <doctest/doctest.h>
#include <rt/async.hpp>
#include <rt/current_thread.hpp>
#include <rt/next_client.hpp>
#include <rt/tcp.hpp>
#include <rt/time.hpp>
#include <support/story.hpp>

#include <cerrno>
#include <chrono>
#include <system_error>
#include <utility>

#include <sys/resource.h>
#include <sys/socket.h>

using namespace support;
using namespace std::chrono_literals;

namespace {

rt::TcpListener listen() { return rt::TcpListener::listen(*rt::SocketAddr::from_ip("127.0.0.1", 0)); }

/// Allows no new descriptor for a second of a paused clock.
rt::Async<> take_descriptors_away() {
    rlimit before{};
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
    rlimit none = before;
    none.rlim_cur = 0;
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
    co_await rt::sleep(1s);
    ::setrlimit(RLIMIT_NOFILE, &before);
}

}  // namespace

TEST_SUITE("17.0 given: an accept that goes on") {
    TEST_CASE("a lack of descriptors is waited out") {
        auto story = []() -> rt::Async<> {
            rt::TcpListener listener = listen();
            rt::TcpStream peer = co_await rt::TcpStream::connect(listener.local_addr());
            rt::time::pause();
            auto before = rt::time::now();
            auto lack = rt::spawn(take_descriptors_away());
            co_await rt::sleep(1ms);
            step("a client waits, and there is no descriptor for it");
            rt::TcpStream client = co_await rt::next_client(&listener);
            CHECK(rt::time::now() - before >= 1s);
            co_await lack;
            CHECK(client.peer_addr() == peer.local_addr());
        };
        rt::CurrentThread runtime;
        runtime.block_on(story());
    }

    TEST_CASE("a broken listener is an error") {
        auto story = []() -> rt::Async<> {
            rt::TcpListener listener = listen();
            auto next = rt::spawn(rt::next_client(&listener));
            co_await rt::Countdown(2);
            step("break the listener while a task waits for a client");
            ::shutdown(listener.fd(), SHUT_RDWR);
            int code = 0;
            try {
                rt::TcpStream none = co_await next;
            } catch (const std::system_error& error) {
                code = error.code().value();
            }
            CHECK(code == EINVAL);
        };
        rt::CurrentThread runtime;
        runtime.block_on(story());
    }
}
