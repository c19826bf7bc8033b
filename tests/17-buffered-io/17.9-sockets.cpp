#include <doctest/doctest.h>
#include <rt/async.hpp>
#include <rt/buf_reader.hpp>
#include <rt/copy.hpp>
#include <rt/current_thread.hpp>
#include <rt/io.hpp>
#include <rt/multi_thread.hpp>
#include <rt/tcp.hpp>
#include <support/death.hpp>
#include <support/ends.hpp>
#include <support/story.hpp>

#include <string>
#include <utility>

#include <fmt/format.h>

using namespace support;
using rt::Async;
using rt::BufReader;
using rt::TcpListener;
using rt::TcpStream;

namespace {

static_assert(rt::AsyncRead<BufReader<TcpStream>>);
static_assert(rt::AsyncWrite<BufReader<TcpStream>>);
static_assert(rt::AsyncRead<BufReader<rt::ReadHalf>>);
static_assert(!rt::AsyncWrite<BufReader<rt::ReadHalf>>);

/// Answers each line; ends when the client does.
Async<int> answer_lines(TcpStream stream) {
    BufReader reader(std::move(stream));
    int lines = 0;
    while (auto line = co_await reader.read_line()) {
        std::string answer = fmt::format("{} {}\n", ++lines, *line);
        co_await rt::write_all(reader, answer);
    }
    co_return lines;
}

/// Sends lines on one side and checks the answers on the other, in two tasks.
Async<int> ask(rt::SocketAddr address, int lines) {
    TcpStream stream = co_await TcpStream::connect(address);
    auto [read_half, write_half] = rt::split(std::move(stream));
    auto write = [](rt::WriteHalf writer, int count) -> Async<> {
        for (int n = 1; n <= count; ++n) {
            std::string line = fmt::format("line {}\r\n", n);
            co_await writer.write_all(line);
        }
        co_await writer.shutdown();
    };
    auto writing = rt::spawn(write, std::move(write_half), lines);
    BufReader reader(std::move(read_half));
    int right = 0;
    while (auto line = co_await reader.read_line()) {
        right += *line == fmt::format("{} line {}", right + 1, right + 1) ? 1 : 0;
    }
    co_await writing;
    co_return right;
}

Async<int> ask_and_answer(int lines) {
    TcpListener listener = co_await TcpListener::bind("127.0.0.1:0");
    auto asking = rt::spawn(ask, listener.local_addr(), lines);
    TcpStream client = co_await listener.accept();
    int answered = co_await answer_lines(std::move(client));
    int right = co_await asking;
    CHECK(answered == lines);
    co_return right;
}

/// Everything that comes from `left` goes to `right` and back.
Async<> proxy(TcpStream left, TcpStream right) {
    auto copied = co_await rt::copy_bidirectional(left, right);
    CHECK(copied.first == 100'000);
    CHECK(copied.second == 100'005);
}

Async<std::string> read_all_and_answer(TcpListener* listener) {
    TcpStream stream = co_await listener->accept();
    std::string text = co_await stream.read_to_string();
    std::string answer = "echo " + text;
    co_await stream.write_all(answer);
    co_return text;
}

Async<> through_a_proxy() {
    TcpListener front = co_await TcpListener::bind("127.0.0.1:0");
    TcpListener back = co_await TcpListener::bind("127.0.0.1:0");
    auto server = rt::spawn(read_all_and_answer, &back);
    TcpStream client = co_await TcpStream::connect(front.local_addr());
    TcpStream accepted = co_await front.accept();
    TcpStream onward = co_await TcpStream::connect(back.local_addr());
    auto proxying = rt::spawn(proxy(std::move(accepted), std::move(onward)));

    step("the client says all it has, shuts down, and still hears the answer");
    std::string const text(100'000, 'x');
    co_await client.write_all(text);
    co_await client.shutdown();
    std::string answer = co_await client.read_to_string();
    bool const heard = answer == "echo " + text;
    CHECK(heard);
    std::string said = co_await server;
    CHECK(said.size() == 100'000);
    co_await proxying;
}

}  // namespace

TEST_SUITE("17.9 all together: lines and copies over sockets") {
    TEST_CASE("questions and answers over a socket") {
        rt::CurrentThread runtime;
        CHECK(runtime.block_on(ask_and_answer(1000)) == 1000);
    }

    TEST_CASE("questions and answers over a socket with each side on some thread") {
        rt::MultiThread runtime(2);
        CHECK(runtime.block_on(ask_and_answer(1000)) == 1000);
    }

    TEST_CASE("a proxy passes the end on and the answer back") {
        rt::CurrentThread runtime;
        runtime.block_on(through_a_proxy());
    }

    TEST_CASE("a BufReader that was moved from says so") {
        expect_violation("read: it has no descriptor, because it was moved from", [] {
            auto read_on = []() -> Async<> {
                Ends ends = make_socket_pair();
                put(ends.there, "one\ntwo\n");
                rt::BufReader reader(TcpStream(std::move(ends.here)));
                co_await reader.read_line();
                auto const moved = std::move(reader);
                co_await reader.read_line();
            };
            rt::CurrentThread().block_on(read_on());
        });
    }
}
