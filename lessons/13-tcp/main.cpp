/// \file
/// An HTTP request, and many at once. And an echo server.
///
///     solution-13                                     twenty requests to a slow server of its own, blocking and async
///     solution-13 HOST PORT PATH [COUNT]              prints the answer, or sends COUNT at once and counts answers
///     solution-13 --blocking HOST PORT PATH [COUNT]   the same with calls that block, one after the other
///     solution-13 echo [HOST:PORT]                    sends back what each client sends: nc 127.0.0.1 3000
#include "blocking.hpp"
#include "echo.hpp"
#include "http.hpp"
#include "options.hpp"
#include "slow_server.hpp"

#include <rt/async.hpp>
#include <rt/current_thread.hpp>
#include <rt/join_set.hpp>
#include <rt/print.hpp>
#include <rt/sys.hpp>
#include <rt/tcp.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <span>
#include <stdexcept>
#include <string>

#include <fmt/format.h>

namespace {

std::string request(const std::string& host, const std::string& path) {
    return fmt::format("GET {} HTTP/1.0\r\nHost: {}\r\n\r\n", path, host);
}

// Given: what every book of network programming begins with. While it waits, so does the thread.
std::string fetch_blocking(std::string host, std::uint16_t port, std::string path) {
    auto stream = blocking::TcpStream::connect(host, port);
    stream.write_all(request(host, path));
    auto answer = stream.read_to_string(longest_answer);
    check_answer(answer);
    return answer;
}

/// The same with `co_await`. While it waits, the thread does something else.
rt::Async<std::string> fetch(std::string host, std::uint16_t port, std::string path) {
    auto stream = co_await rt::TcpStream::connect(host, port);
    co_await stream.write_all(request(host, path));
    auto answer = co_await stream.read_to_string(longest_answer);
    check_answer(answer);
    co_return answer;
}

// Given: the answers to several requests, counted.
struct Sum {
    std::size_t answers = 0;
    std::size_t bytes = 0;

    void add(const std::string& answer) {
        ++answers;
        bytes += answer.size();
    }
};

// Given: many at once, as in lesson 10.
rt::Async<Sum> fetch_all(Options options) {
    rt::JoinSet<std::string> requests;
    for (std::size_t i = 0; i < options.count; ++i) {
        requests.spawn(fetch(options.host, options.port, options.path));
    }
    Sum sum;
    while (auto answer = co_await requests.join_next()) {
        sum.add(*answer);
    }
    co_return sum;
}

// Given: the same with calls that block.
Sum fetch_all_blocking(const Options& options) {
    Sum sum;
    for (std::size_t i = 0; i < options.count; ++i) {
        sum.add(fetch_blocking(options.host, options.port, options.path));
    }
    return sum;
}

// Given: calls `fetch_them`, and prints `title`, how many answers and bytes came, and how long that took.
template <class F>
void print_sum(const char* title, F fetch_them) {
    const auto begin = rt::sys::now();
    const Sum sum = fetch_them();
    const auto time = std::chrono::duration_cast<std::chrono::milliseconds>(rt::sys::now() - begin);
    fmt::print("{}{} answers, {} bytes in {} ms\n", title, sum.answers, sum.bytes, time.count());
}

// Given: twenty requests to a server that thinks for a while.
void compare(Options options) {
    SlowServer server;
    options.host = "127.0.0.1";
    options.port = server.port();
    options.path = "/";
    options.count = 20;
    std::setvbuf(stdout, nullptr, _IOLBF, 0);  // so that a program behind a pipe sees each line at once
    fmt::print("{} requests to a server that answers each after {} ms\n", options.count, SlowServer::delay.count());
    print_sum("one after the other: ", [&] { return fetch_all_blocking(options); });
    rt::CurrentThread runtime;
    print_sum("all at once:         ", [&] { return runtime.block_on(fetch_all(options)); });
}

// Given: does what the command line asks for.
void run(const Options& options) {
    if (options.mode == Options::Mode::compare) {
        compare(options);
        return;
    }
    rt::CurrentThread runtime;
    bool blocks = options.mode == Options::Mode::fetch_blocking;
    if (options.mode == Options::Mode::echo) {
        runtime.block_on(serve(options.addr));
    } else if (options.count == 0) {
        std::string answer = blocks ? fetch_blocking(options.host, options.port, options.path)
                                    : runtime.block_on(fetch(options.host, options.port, options.path));
        print_answer(answer);
    } else {
        print_sum("", [&] { return blocks ? fetch_all_blocking(options) : runtime.block_on(fetch_all(options)); });
    }
}

}  // namespace

// Given: errors become sentences and an exit status.
int main(int argc, char** argv) {
    try {
        run(Options::parse(std::span(argv, static_cast<std::size_t>(argc)).subspan(1)));
    } catch (const std::invalid_argument& error) {
        rt::eprintln("{}", error.what());
        return 2;
    } catch (const std::exception& error) {
        rt::eprintln("{}", error.what());
        return 1;
    }
    return 0;
}
