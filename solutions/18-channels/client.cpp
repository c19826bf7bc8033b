#include "chat.hpp"

#include <rt/async.hpp>
#include <rt/block_on.hpp>
#include <rt/buf_reader.hpp>
#include <rt/future.hpp>
#include <rt/mpsc.hpp>
#include <rt/select.hpp>
#include <rt/sync.hpp>
#include <rt/tcp.hpp>

#include <cstddef>
#include <cstdio>
#include <iostream>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/core.h>

namespace {

/// On a thread of its own, since stdin may be a file or a terminal that blocks: hands each line to the task that posts.
void read_stdin(rt::mpsc::Sender<std::string> lines) {
    try {
        for (std::string line; std::getline(std::cin, line);) {
            rt::block_on(lines.send(std::move(line)));
        }
    } catch (const rt::SendError&) {
        // Nobody posts any more.
    }
}

rt::Async<> post(rt::mpsc::Receiver<std::string> lines, rt::WriteHalf server, std::string group, std::string name) {
    constexpr std::string_view join = "/join ";
    std::string request = fmt::format("join {}\n", group);
    co_await server.write_all(request);
    while (auto line = co_await lines.recv()) {
        if (line->starts_with(join)) {
            group = line->substr(join.size());
            request = fmt::format("join {}\n", group);
        } else {
            request = fmt::format("post {} {}: {}\n", group, name, *line);
        }
        co_await server.write_all(request);
    }
}

/// `message tea Ann: hello` becomes `[tea] Ann: hello`.
std::string to_print(std::string_view line) {
    std::size_t verb = line.find(' ');
    std::string_view rest = verb == line.npos ? "" : line.substr(verb + 1);
    std::size_t group = rest.find(' ');
    std::string_view text = group == rest.npos ? "" : rest.substr(group + 1);
    if (line.starts_with("message ")) {
        return fmt::format("[{}] {}", rest.substr(0, group), text);
    }
    if (line.starts_with("lagged ")) {
        return fmt::format("[{}] {} messages were lost: this side was too slow", rest.substr(0, group), text);
    }
    return line.starts_with("joined ") ? fmt::format("you are in {}", rest) : std::string(line);
}

rt::Async<> print(rt::ReadHalf server) {
    rt::BufReader lines(std::move(server));
    while (auto line = co_await lines.read_line()) {
        fmt::print("{}\n", to_print(*line));
        std::fflush(stdout);
    }
}

}  // namespace

rt::Async<bool> join_chat(std::string addr, std::string group, std::string name) {
    rt::TcpStream stream = co_await rt::TcpStream::connect(std::move(addr));
    auto [from_server, to_server] = rt::split(std::move(stream));
    auto [sender, lines] = rt::mpsc::channel<std::string>(1);
    rt::Thread(read_stdin, std::move(sender)).detach();  // the end of the process ends it, too

    auto printing = print(std::move(from_server));
    auto posting = post(std::move(lines), std::move(to_server), std::move(group), std::move(name));
    auto first = co_await rt::select(rt::by_ref(printing), std::move(posting));
    if (first.index() == 0) {
        co_return false;
    }
    // Nothing more to post, and with `posting` the writing side has gone. The server sends what was under way, and ends.
    co_await printing;
    co_return true;
}
