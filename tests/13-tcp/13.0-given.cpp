/// \file
/// 13.0: the parts of streams and listeners that are given.
#include "script.hpp"

#include <doctest/doctest.h>
#include <rt/io.hpp>
#include <rt/tcp_listener.hpp>
#include <support/mock_task.hpp>

#include <cerrno>
#include <cstddef>
#include <string>
#include <system_error>

using namespace support;
using rt::Pending, rt::Ready, rt::TcpListener;

static_assert(rt::AsyncRead<Script> && rt::AsyncWrite<Script>);
static_assert(!rt::AsyncRead<std::string> && !rt::AsyncWrite<std::string>);

TEST_SUITE("13.0 given: addresses and other parts") {
    TEST_CASE("read fills a buffer with what is there") {
        Script script;
        script.pieces = {nothing, "green tea"};
        std::string buffer(5, ' ');
        auto task = spawn_mock("read", rt::read(script, buffer));
        CHECK(task.poll() == Pending);
        CHECK(task.poll() == Ready<std::size_t>(5));
        CHECK(buffer == "green");
    }

    TEST_CASE("shutdown reaches the stream") {
        Script script;
        CHECK(spawn_mock("shutdown", rt::shutdown(script)).poll() == Ready());
        CHECK(script.shutdowns == 1);
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
