/// \file
/// 13.9: a listener where something is wrong.
#include "answer.hpp"
#include "descriptor_limit.hpp"
#include "fake_names.hpp"
#include "peer.hpp"

#include <doctest/doctest.h>
#include <rt/async.hpp>
#include <rt/current_thread.hpp>
#include <rt/tcp.hpp>
#include <support/death.hpp>
#include <support/ends.hpp>
#include <support/sanitizers.hpp>
#include <support/show.hpp>
#include <support/story.hpp>
#include <support/trace_log.hpp>

#include <exception>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

using namespace support;
using rt::TcpListener;

TEST_SUITE("13.9 all together: listeners and streams in a runtime") {
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

    TEST_CASE("bind takes the first address of the host that works") {
        rt::CurrentThread runtime;
        step("another listener has the port at the first address of the name");
        TcpListener other = TcpListener::listen(rt::SocketAddr::from_ip("127.0.0.2", 0).value());
        std::string const port = std::to_string(other.local_addr().port());
        std::string where;
        try {
            where =
                runtime.block_on(TcpListener::bind(std::string(two_addresses) + ":" + port)).local_addr().to_string();
        } catch (const std::system_error& error) {
            where = error.what();
        }
        CHECK_MESSAGE(where == "127.0.0.1:" + port, "the second address of the name is free. Try it, too.");
    }

    TEST_CASE("bind gives the listener to the reactor") {
        rt::CurrentThread runtime;
        TraceLog log{TraceLog::Kind::io_register};
        TcpListener listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"));
        CHECK_MESSAGE(
            log.count(TraceLog::Kind::io_register) == 1,
            "the reactor opens its descriptors later, when clients may have taken the last ones. Call `prepare`.");
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
}
