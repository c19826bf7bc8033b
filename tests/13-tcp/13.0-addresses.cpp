/// \file
/// 13.0: addresses, and the names behind them.
#include <doctest/doctest.h>

#include "fake_names.hpp"

#include <rt/current_thread.hpp>
#include <rt/resolve.hpp>
#include <rt/socket_addr.hpp>
#include <rt/spawn_blocking.hpp>
#include <support/mock_task.hpp>
#include <support/story.hpp>
#include <support/trace_log.hpp>

#include <cstdint>
#include <initializer_list>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <fmt/format.h>

using namespace support;
using rt::HostPort, rt::SocketAddr;

TEST_SUITE("13.0 given: addresses and other parts") {
    TEST_CASE("an address prints as it is typed") {
        CHECK(SocketAddr::from_ip("127.0.0.1", 80).value().to_string() == "127.0.0.1:80");
        CHECK(SocketAddr::from_ip("::1", 80).value().to_string() == "[::1]:80");
        CHECK(fmt::format("{}", SocketAddr::from_ip("10.1.2.3", 65535).value()) == "10.1.2.3:65535");
        CHECK(SocketAddr().to_string() == "0.0.0.0:0");
    }

    TEST_CASE("an address of one link prints so that it can be typed again") {
        SocketAddr address = SocketAddr::from_ip("fe80::1%1", 80).value();
        CHECK(reinterpret_cast<const sockaddr_in6*>(address.data())->sin6_scope_id == 1);
        CHECK(address.to_string() == "[fe80::1%1]:80");
        CHECK(SocketAddr::from_ip(address.ip(), 80) == address);
        CHECK_FALSE(address == SocketAddr::from_ip("fe80::1%2", 80).value());
        rt::CurrentThread runtime;
        step("resolve it again, and by the name of the interface");
        CHECK(runtime.block_on(rt::resolve_one(address.to_string())) == address);
        CHECK(runtime.block_on(rt::resolve_one("[fe80::1%lo]:80")).to_string() == "[fe80::1%1]:80");
        CHECK_FALSE(SocketAddr::from_ip("fe80::1%", 80));
        CHECK_FALSE(SocketAddr::from_ip("127.0.0.1%1", 80));
    }

    TEST_CASE("a name with a character that is in no name is refused") {
        rt::CurrentThread runtime;
        std::string const with_nul("127.0.0.1\0.example.com", 22);
        CHECK_FALSE(SocketAddr::from_ip(with_nul, 80));
        for (const std::string& host : {with_nul, std::string("127.0.0.1 example.com"), std::string("localhost\n")}) {
            CHECK_THROWS_WITH_AS((void)runtime.block_on(rt::resolve(host, 80)),
                                 "a host name holds no space and no control character", std::invalid_argument);
            CHECK_THROWS_AS((void)runtime.block_on(rt::resolve_one(host + ":80")), std::invalid_argument);
        }
    }

    TEST_CASE("what is not numeric is no address") {
        for (const char* text : {"localhost", "", "127.0.0.1:80", "[::1]", "1.2.3", "256.0.0.1"}) {
            CHECK_MESSAGE(!SocketAddr::from_ip(text, 80), text);
        }
    }

    TEST_CASE("address and port compare") {
        SocketAddr a = SocketAddr::from_ip("127.0.0.1", 80).value();
        CHECK(a == SocketAddr::from_ip("127.0.0.1", 80).value());
        CHECK_FALSE(a == SocketAddr::from_ip("127.0.0.2", 80).value());
        CHECK_FALSE(a == SocketAddr::from_ip("::1", 80).value());
        CHECK_FALSE(a == SocketAddr::from_ip("127.0.0.1", 81).value());
        CHECK(a.port() == 80);
        CHECK(SocketAddr::from_ip("::1", 9).value().port() == 9);
        CHECK(SocketAddr::from_system(a.data()) == a);
        CHECK(a.ip() == "127.0.0.1");
        CHECK_FALSE(a.is_v6());
    }

    TEST_CASE("host and port are told apart") {
        struct Case {
            const char* text;
            const char* host;
            std::uint16_t port;
        };
        for (Case each : {Case{"localhost:80", "localhost", 80}, Case{"127.0.0.1:0", "127.0.0.1", 0},
                          Case{"[::1]:3001", "::1", 3001}, Case{"a.b-c.d:65535", "a.b-c.d", 65535}}) {
            step("parse {}", each.text);
            HostPort parsed = HostPort::parse(each.text);
            CHECK(parsed.host == each.host);
            CHECK(parsed.port == each.port);
        }
    }

    TEST_CASE("what is no address gets a sentence") {
        struct Case {
            const char* text;
            const char* sentence;
        };
        for (Case each : {
                 Case{"localhost", "'localhost' is no address: the port is missing, as in localhost:80"},
                 Case{":80", "':80' is no address: the host is missing, as in localhost:80"},
                 Case{"localhost:http", "'http' is no port: a port is a number from 0 to 65535"},
                 Case{"localhost:", "'' is no port: a port is a number from 0 to 65535"},
                 Case{"localhost:65536", "'65536' is no port: a port is a number from 0 to 65535"},
                 Case{"localhost:-1", "'-1' is no port: a port is a number from 0 to 65535"},
                 Case{"localhost:80 ", "'80 ' is no port: a port is a number from 0 to 65535"},
                 Case{"::1:80", "'::1:80' is no address: write an IPv6 one as [::1]:80"},
                 Case{"[::1]", "'[::1]' is no address: write an IPv6 one as [::1]:80"},
                 Case{"[::1", "'[::1' is no address: write an IPv6 one as [::1]:80"},
                 Case{"[::1]80", "'[::1]80' is no address: write an IPv6 one as [::1]:80"},
                 Case{"[]:80", "'[]:80' is no address: the host is missing, as in localhost:80"},
             }) {
            step("parse {}", each.text);
            CHECK_THROWS_WITH_AS((void)HostPort::parse(each.text), each.sentence, std::invalid_argument);
        }
    }

    TEST_CASE("a numeric address asks nobody") {
        // Without a runtime: so neither the pool nor getaddrinfo can have been asked.
        auto v4 = spawn_mock("resolve 127.0.0.1", rt::resolve("127.0.0.1", 80));
        CHECK(v4.poll().value() == std::vector{SocketAddr::from_ip("127.0.0.1", 80).value()});
        auto v6 = spawn_mock("resolve ::1", rt::resolve("::1", 80));
        CHECK(v6.poll().value() == std::vector{SocketAddr::from_ip("::1", 80).value()});
    }

    TEST_CASE("resolve_one takes host and port together") {
        auto task = spawn_mock("resolve_one", rt::resolve_one("[::1]:80"));
        CHECK(task.poll().value() == SocketAddr::from_ip("::1", 80).value());
        auto wrong = spawn_mock("resolve_one", rt::resolve_one("localhost"));
        CHECK_THROWS_AS((void)wrong.poll(), std::invalid_argument);
    }

    TEST_CASE("resolve_one takes the first address of a name") {
        rt::CurrentThread runtime;
        auto all = runtime.block_on(rt::resolve(two_addresses, 80));
        REQUIRE(all.size() == 2);
        CHECK_MESSAGE(support::detail::asked_for_streams.load(),
                      "the system repeats each address for each type of socket. Ask for SOCK_STREAM.");
        SocketAddr one = runtime.block_on(rt::resolve_one(fmt::format("{}:80", two_addresses)));
        CHECK_MESSAGE(one == all.front(), "the system gives addresses in the order in which it wants them tried");
    }

    TEST_CASE("a name is asked for on a thread of the pool") {
        TraceLog log{TraceLog::Kind::blocking_run};
        rt::CurrentThread runtime;
        auto addresses = runtime.block_on(rt::resolve("localhost", 4000));
        CHECK(log.count(TraceLog::Kind::blocking_run) == 1);
        REQUIRE_FALSE(addresses.empty());
        for (const SocketAddr& address : addresses) {
            CHECK(address.port() == 4000);
            CHECK((address.ip() == "127.0.0.1" || address.ip() == "::1"));
        }
    }

    TEST_CASE("a name that nobody knows is an error in words") {
        rt::CurrentThread runtime;
        try {
            runtime.block_on(rt::resolve("no.such.host.invalid", 80));
            FAIL_CHECK("it was resolved");
        } catch (const std::system_error& error) {
            CHECK(error.code().category() == rt::resolve_category);
            CHECK(std::string(error.what()).starts_with("cannot resolve 'no.such.host.invalid': "));
        }
    }
}
