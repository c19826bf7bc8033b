/// \file
/// An HTTP request of host, port and path, sent and read to the end; then many at once.
///
///     solution-13 HOST PORT PATH [COUNT]              prints the answer; of COUNT at once, how many and how long
///     solution-13 --blocking HOST PORT PATH [COUNT]   the same with calls that block, one after the other
#include "blocking.hpp"

#include <rt/async.hpp>
#include <rt/current_thread.hpp>
#include <rt/join_set.hpp>
#include <rt/socket_addr.hpp>
#include <rt/tcp.hpp>

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <fmt/core.h>

namespace {

std::string request(const std::string& host, const std::string& path) {
    return fmt::format("GET {} HTTP/1.0\r\nHost: {}\r\n\r\n", path, host);
}

/// What every book of network programming begins with. While it waits, so does the thread.
std::string fetch_blocking(std::string host, std::uint16_t port, std::string path) {
    auto stream = blocking::TcpStream::connect(host, port);
    stream.write_all(request(host, path));
    return stream.read_to_string();
}

/// The same, token for token. While it waits, the thread does something else.
rt::Async<std::string> fetch(std::string host, std::uint16_t port, std::string path) {
    auto stream = co_await rt::TcpStream::connect(host, port);
    co_await stream.write_all(request(host, path));
    co_return co_await stream.read_to_string();
}

struct Options {
    bool blocking = false;
    std::string host;
    std::uint16_t port = 0;
    std::string path;
    std::size_t count = 0;  // 0: print the one answer
};

/// What came of several requests.
struct Sum {
    std::size_t answers = 0;
    std::size_t bytes = 0;

    void add(const std::string& answer) {
        ++answers;
        bytes += answer.size();
    }
};

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

Sum fetch_all_blocking(const Options& options) {
    Sum sum;
    for (std::size_t i = 0; i < options.count; ++i) {
        sum.add(fetch_blocking(options.host, options.port, options.path));
    }
    return sum;
}

/// Throws std::invalid_argument with a sentence for whoever typed it.
Options parse(std::span<char*> arguments) {
    Options options;
    if (!arguments.empty() && std::string_view(arguments[0]) == "--blocking") {
        options.blocking = true;
        arguments = arguments.subspan(1);
    }
    if (arguments.size() < 3 || arguments.size() > 4) {
        throw std::invalid_argument("Say HOST PORT PATH [COUNT], as in: localhost 8000 /index.html 10");
    }
    options.host = arguments[0];
    options.port = rt::HostPort::parse_port(arguments[1]);
    options.path = arguments[2];
    if (!options.path.starts_with('/')) {
        throw std::invalid_argument(fmt::format("'{}' is no path: a path begins with a slash", options.path));
    }
    if (arguments.size() == 4) {
        std::string_view text = arguments[3];
        auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), options.count);
        if (error != std::errc() || end != text.data() + text.size() || options.count == 0) {
            throw std::invalid_argument(fmt::format("'{}' is no count: say how many requests, 1 or more", text));
        }
    }
    return options;
}

void run(const Options& options) {
    rt::CurrentThread runtime;
    if (options.count == 0) {
        std::string answer = options.blocking ? fetch_blocking(options.host, options.port, options.path)
                                              : runtime.block_on(fetch(options.host, options.port, options.path));
        std::fwrite(answer.data(), 1, answer.size(), stdout);
    } else {
        Sum sum = options.blocking ? fetch_all_blocking(options) : runtime.block_on(fetch_all(options));
        fmt::print("{} answers, {} bytes\n", sum.answers, sum.bytes);
    }
}

}  // namespace

int main(int argc, char** argv) {
    try {
        run(parse(std::span(argv, static_cast<std::size_t>(argc)).subspan(1)));
    } catch (const std::invalid_argument& error) {
        fmt::print(stderr, "{}\n", error.what());
        return 2;
    } catch (const std::exception& error) {
        fmt::print(stderr, "{}\n", error.what());
        return 1;
    }
    return 0;
}
