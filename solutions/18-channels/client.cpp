/// \file
/// Given: the client of the chat. It shows how a thread that blocks on stdin hands its lines to a task through an
/// mpsc channel.
#include "chat.hpp"

#include <rt/async.hpp>
#include <rt/block_on.hpp>
#include <rt/buf_reader.hpp>
#include <rt/future.hpp>
#include <rt/mpsc.hpp>
#include <rt/print.hpp>
#include <rt/select.hpp>
#include <rt/sync.hpp>
#include <rt/sys.hpp>
#include <rt/tcp.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <fmt/format.h>

namespace {

/// Standard input as a stream whose reads block. (std::cin would hold a lock while it waits, and exit() waits for that lock.)
struct Stdin {
    static rt::Poll<std::size_t> poll_read(rt::Context&, std::span<char> into) {
        return rt::Ready(static_cast<std::size_t>(std::max<std::ptrdiff_t>(rt::sys::read(0, into), 0)));
    }
};

/// Hands each line of stdin to the task that posts. Runs on a thread of its own, because reading stdin blocks.
void read_stdin(rt::mpsc::Sender<std::string> lines) {
    try {
        rt::BufReader in{Stdin()};
        while (auto line = rt::block_on(in.read_line())) {
            rt::block_on(lines.send(std::move(*line)));
        }
    } catch (const rt::SendError&) {
        // The task that posts has ended.
    } catch (const std::system_error& error) {
        rt::eprintln("{}", error.what());  // a line that is too long
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
        fmt::print("{}\n", rt::visible(to_print(*line)));
        std::fflush(stdout);
    }
}

}  // namespace

rt::Async<bool> join_chat(std::string addr, std::string group, std::string name) {
    rt::TcpStream stream = co_await rt::TcpStream::connect(std::move(addr));
    auto [from_server, to_server] = rt::split(std::move(stream));
    auto [sender, lines] = rt::mpsc::channel<std::string>(1);
    rt::Thread(read_stdin, std::move(sender)).detach();  // ends with the process

    auto printing = print(std::move(from_server));
    auto posting = post(std::move(lines), std::move(to_server), std::move(group), std::move(name));
    auto first = co_await rt::select(rt::by_ref(printing), std::move(posting));
    if (first.index() == 0) {
        co_return false;
    }
    // Stdin has ended. `posting` was destroyed with its half of the stream, so the server sends the rest and closes.
    co_await printing;
    co_return true;
}
