/// \file
/// 13.2: a port that accepts connections.
#include "answer.hpp"
#include "connection.hpp"
#include "failing_listen.hpp"
#include "peer.hpp"

#include <doctest/doctest.h>
#include <rt/async.hpp>
#include <rt/current_thread.hpp>
#include <rt/join_set.hpp>
#include <rt/tcp.hpp>
#include <support/ends.hpp>
#include <support/story.hpp>
#include <support/test_thread.hpp>
#include <support/trace_log.hpp>

#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>

using namespace support;
using rt::SocketAddr, rt::TcpListener, rt::TcpStream;

TEST_SUITE("13.2 a listener and its connections") {
    TEST_CASE("port 0 becomes a port that is free") {
        std::string error;
        try {
            TcpListener one = TcpListener::listen(loopback());
            TcpListener two = TcpListener::listen(loopback());
            CHECK(one.local_addr().port() != 0);
            CHECK(one.local_addr().port() != two.local_addr().port());
        } catch (const std::system_error& thrown) {
            error = thrown.what();
        }
        CHECK_MESSAGE(
            error.empty(), error,
            ". But no port is busy here. Set the option of SOL_SOCKET, then bind, then listen, and move the socket "
            "into the listener.");
    }

    TEST_CASE("bind takes what people type") {
        rt::CurrentThread runtime;
        CHECK_MESSAGE(runtime.block_on(TcpListener::bind("127.0.0.1:0")).local_addr().ip() == "127.0.0.1",
                      "it listens at another address than the one that it was given");
        CHECK(runtime.block_on(TcpListener::bind("localhost:0")).local_addr().port() != 0);
        CHECK_THROWS_WITH_AS((void)runtime.block_on(TcpListener::bind("127.0.0.1")),
                             "'127.0.0.1' is no address: the port is missing, as in localhost:80",
                             std::invalid_argument);
    }

    TEST_CASE("a busy port is an error with its address") {
        rt::CurrentThread runtime;
        TcpListener first = TcpListener::listen(loopback());
        std::string address = first.local_addr().to_string();
        std::string sentence = fmt::format("cannot listen at {}: Address already in use", address);
        std::string error = "nothing";
        try {
            (void)runtime.block_on(TcpListener::bind(address));
        } catch (const std::system_error& thrown) {
            error = thrown.what();
        }
        CHECK_MESSAGE(
            error == sentence,
            "two listeners have the same port, or the error has another name than `what`. Check the answer of each "
            "call, and set SO_REUSEADDR. (SO_REUSEPORT lets several programs share a port.)");
    }

    TEST_CASE("a listen that fails is an error with its address") {
        SocketAddr const address = TcpListener::listen(loopback()).local_addr();
        FailingListen failing;
        step("the kernel refuses the listen");
        std::string error = "nothing";
        try {
            (void)TcpListener::listen(address);
        } catch (const std::system_error& thrown) {
            error = thrown.what();
        }
        CHECK_MESSAGE(
            error == fmt::format("cannot listen at {}: Address already in use", address),
            "`bind` has worked, but `listen` has failed. Look at the answer of each system call, by sys::check.");
    }

    TEST_CASE("a client that connects is accepted") {
        rt::CurrentThread runtime;
        TcpListener listener = TcpListener::listen(loopback());
        int const before = open_descriptors();
        Peer client(listener.local_addr());
        TcpStream stream = runtime.block_on(listener.accept());
        CHECK(stream.local_addr() == listener.local_addr());
        step("both sides close");
        client.close();
        stream = TcpStream();
        CHECK_MESSAGE(open_descriptors() == before, "an accepted stream that is dropped closes its descriptor");
    }

    TEST_CASE("a port is free again as soon as its listener has gone") {
        rt::CurrentThread runtime;
        rt::SocketAddr address;
        {
            TcpListener listener = TcpListener::listen(loopback());
            address = listener.local_addr();
            Peer client(address);
            TcpStream stream = runtime.block_on(listener.accept());
            step("our side closes first, so the system remembers the connection for a while");
            stream = TcpStream();
            CHECK(client.receive_all().empty());
        }
        step("listen at the same port");
        std::string error;
        try {
            TcpListener const again = TcpListener::listen(address);
            CHECK(again.local_addr() == address);
        } catch (const std::system_error& thrown) {
            error = thrown.what();
        }
        CHECK_MESSAGE(
            error.empty(), error,
            ". The kernel still remembers a connection of the listener before. Set SO_REUSEADDR before bind.");
    }

    TEST_CASE("an accepted socket does not block and is closed on exec") {
        rt::CurrentThread runtime;
        TcpListener listener = TcpListener::listen(loopback());
        Peer client(listener.local_addr());
        TcpStream stream = runtime.block_on(listener.accept());
        CHECK((::fcntl(stream.fd(), F_GETFL) & O_NONBLOCK) != 0);
        CHECK((::fcntl(stream.fd(), F_GETFD) & FD_CLOEXEC) != 0);
        CHECK((::fcntl(listener.fd(), F_GETFD) & FD_CLOEXEC) != 0);
    }

    TEST_CASE("an accept that waits asks again when a client comes") {
        rt::CurrentThread runtime;
        TcpListener listener = TcpListener::listen(loopback());
        auto main = [](TcpListener* l) -> rt::Async<bool> {
            auto refused = ends_within(2, l->accept());
            CHECK_FALSE(co_await refused);
            Peer client(l->local_addr());
            auto accepting = ends_within(1000, l->accept());
            co_return co_await accepting;
        };
        CHECK_MESSAGE(
            runtime.block_on(main(&listener)),
            "a client has come, and the accept still waits. A listener with a client is readable, so wait for "
            "Direction::read.");
    }

    TEST_CASE("an accept that waits is woken by a connection") {
        TraceLog log{TraceLog::Kind::io_register};
        rt::CurrentThread runtime;
        TcpListener listener = TcpListener::listen(loopback());
        TestThread client([&] {
            log.wait_for(TraceLog::Kind::park, 1);
            Peer peer(listener.local_addr());
            peer.send("question");
            peer.end();
            CHECK(peer.receive_all() == "answer");
        });
        CHECK(runtime.block_on(read_and_answer(&listener, "answer")) == "question");
    }

    TEST_CASE("connections that wait are all taken though epoll says it once") {
        rt::CurrentThread runtime;
        TcpListener listener = TcpListener::listen(loopback());
        auto main = [](TcpListener* l) -> rt::Async<int> {
            rt::JoinSet<std::string> tasks;
            tasks.spawn(read_and_answer(l, "first"));
            co_await rt::Countdown(2);  // the accept is registered, and waits
            step("30 clients come before one is accepted: the listener's queue must have room for all of them");
            std::vector<Peer> clients;
            for (int i = 0; i < 30; ++i) {
                clients.emplace_back(l->local_addr()).end();
            }
            for (int i = 0; i < 29; ++i) {
                co_await tasks.join_next();
                tasks.spawn(read_and_answer(l, "next"));
            }
            co_await tasks.join_next();
            co_return static_cast<int>(clients.size());
        };
        CHECK(runtime.block_on(main(&listener)) == 30);
    }
}
