/// \file
/// 13.4: a port that takes connections.
#include <doctest/doctest.h>

#include "answer.hpp"
#include "peer.hpp"

#include <rt/async.hpp>
#include <rt/current_thread.hpp>
#include <rt/join_set.hpp>
#include <rt/tcp.hpp>
#include <support/death.hpp>
#include <support/ends.hpp>
#include <support/sanitizers.hpp>
#include <support/show.hpp>
#include <support/story.hpp>
#include <support/test_thread.hpp>
#include <support/trace_log.hpp>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/resource.h>

using namespace support;
using rt::TcpListener, rt::TcpStream;

namespace {

/// While it exists, this process can open `more` descriptors than are open now.
class DescriptorLimit {
  public:
    explicit DescriptorLimit(int more) {
        REQUIRE(::getrlimit(RLIMIT_NOFILE, &before_) == 0);
        rlimit limit = before_;
        int highest = ::dup(0);  // the lowest number that is free; all below are taken
        REQUIRE(highest >= 0);
        rt::sys::close(highest);
        limit.rlim_cur = static_cast<rlim_t>(highest + more);
        REQUIRE(::setrlimit(RLIMIT_NOFILE, &limit) == 0);
    }
    DescriptorLimit(const DescriptorLimit&) = delete;
    DescriptorLimit& operator=(const DescriptorLimit&) = delete;
    ~DescriptorLimit() { ::setrlimit(RLIMIT_NOFILE, &before_); }

  private:
    rlimit before_{};
};

}  // namespace

TEST_SUITE("13.4 a listener") {
    TEST_CASE("port 0 becomes a port that is free") {
        TcpListener one = TcpListener::listen(loopback());
        TcpListener two = TcpListener::listen(loopback());
        CHECK(one.local_addr().port() != 0);
        CHECK(one.local_addr().port() != two.local_addr().port());
    }

    TEST_CASE("bind takes what people type") {
        rt::CurrentThread runtime;
        CHECK(runtime.block_on(TcpListener::bind("127.0.0.1:0")).local_addr().ip() == "127.0.0.1");
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
        CHECK_THROWS_WITH_AS((void)runtime.block_on(TcpListener::bind(address)), sentence.c_str(), std::system_error);
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
        CHECK(TcpListener::listen(address).local_addr() == address);
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

    TEST_CASE("two tasks that accept at once are refused") {
        auto both = [] {
            rt::CurrentThread runtime;
            TcpListener listener = TcpListener::listen(loopback());
            auto main = [](TcpListener* l) -> rt::Async<> {
                auto first = rt::spawn(read_and_answer(l, "first"));
                co_await read_and_answer(l, "second");
            };
            runtime.block_on(main(&listener));
        };
        expect_violation("two tasks wait to read, or two to write, on one descriptor", both);
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

    TEST_CASE("out of descriptors is an error and the connection waits") {
        rt::CurrentThread runtime;
        TcpListener listener = TcpListener::listen(loopback());
        auto main = [](TcpListener* l) -> rt::Async<std::string> {
            auto first = rt::spawn(read_and_answer(l, "first"));
            co_await rt::Countdown(2);  // registered, so that only an event says that somebody comes
            Peer one(l->local_addr());
            one.end();
            co_await first;
            Peer two(l->local_addr());
            two.send("still here");
            two.end();
            std::vector<std::exception_ptr> errors;
            {
                DescriptorLimit limit(0);
                for (int i = 0; i < 2; ++i) {
                    try {
                        co_await l->accept();
                    } catch (...) {
                        errors.push_back(
                            std::current_exception());  // looked at later: sanitizers need descriptors to look
                    }
                }
            }
            CHECK(errors.size() == 2);
            for (const std::exception_ptr& error : errors) {
                CHECK_THROWS_WITH_AS(std::rethrow_exception(error), "accept: Too many open files", std::system_error);
            }
            step("there is room again; no new connection comes, so no new event does");
            co_return co_await read_and_answer(l, "second");
        };
        CHECK(runtime.block_on(main(&listener)) == "still here");
    }

    TEST_CASE("a listener or a stream that was moved from says so") {
        constexpr const char* sentence = "it has no descriptor, because it was moved from or never opened";
        expect_violation(std::string("accept: ") + sentence, [] {
            rt::CurrentThread runtime;
            TcpListener listener = TcpListener::listen(loopback());
            TcpListener const moved = std::move(listener);
            runtime.block_on(listener.accept());
        });
        expect_violation(std::string("read: ") + sentence, [] {
            rt::CurrentThread runtime;
            rt::TcpStream none;
            runtime.block_on(none.read(1));
        });
        expect_violation(std::string("write: ") + sentence, [] {
            rt::CurrentThread runtime;
            rt::TcpStream none;
            runtime.block_on(none.write_all("x"));
        });
    }

    TEST_CASE("an error of one client or a lack of room does not break a listener") {
        for (int number : {EBADF, EFAULT, EINVAL, ENOTSOCK, EOPNOTSUPP}) {
            CHECK(TcpListener::is_broken(std::error_code(number, std::system_category())));
        }
        for (int number : {ECONNABORTED, EPERM, ETIMEDOUT, EPROTO, ENETDOWN, ENETUNREACH, EHOSTDOWN, EHOSTUNREACH,
                           ENONET, ENOPROTOOPT, EMFILE, ENFILE, ENOBUFS, ENOMEM, ENOSPC, ENOSR, ECONNRESET}) {
            CHECK_FALSE(TcpListener::is_broken(std::error_code(number, std::system_category())));
        }
    }
}
