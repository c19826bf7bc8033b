/// \file
/// Lines from two pipes at once: one thread prints each line as soon as its pipe has it.
///
///     solution-12                    two pipes of its own, to which a thread writes piece by piece
///     solution-12 FILE FILE          two FIFOs, say: solution-12 <(ping -c 3 ::1) <(ping -c 3 127.0.0.1)
#include "pipes.hpp"

#include <rt/async.hpp>
#include <rt/current_thread.hpp>
#include <rt/future.hpp>
#include <rt/io_source.hpp>
#include <rt/join.hpp>
#include <rt/sys.hpp>

#include <array>
#include <cstddef>
#include <string>
#include <utility>

namespace {

/// Reads what has come, and appends it to `text`. Waits for the first byte. Yields false at the end of the stream.
rt::Poll<bool> poll_more(rt::Context& cx, rt::IoSource& pipe, std::string& text) {
    std::array<char, 512> buffer;
    auto read = [&buffer](int fd) { return rt::sys::read(fd, buffer); };
    auto poll = pipe.poll_io(cx, rt::Direction::read, buffer.size(), "read", read);
    return std::move(poll).map([&buffer, &text](std::size_t size) {
        text.append(buffer.data(), size);
        return size > 0;
    });
}

/// Prints each line as soon as it has come.
rt::Async<> print_lines(Input input) {
    rt::IoSource pipe(std::move(input.fd));
    std::string text;  // that was read and not printed yet
    for (;;) {
        auto more = rt::poll_fn([&pipe, &text](rt::Context& cx) { return poll_more(cx, pipe, text); });
        if (!co_await more) {
            break;
        }
        for (std::size_t end = text.find('\n'); end != text.npos; end = text.find('\n')) {
            print_line(input, text.substr(0, end));
            text.erase(0, end + 1);
        }
    }
    if (!text.empty()) {
        print_line(input, text);  // a last line without an end
    }
    print_line(input, "the end");
}

}  // namespace

int main(int argc, char** argv) {
    return with_inputs(argc, argv, [](Input left, Input right) {
        rt::CurrentThread runtime;
        runtime.block_on(rt::join(print_lines(std::move(left)), print_lines(std::move(right))));
    });
}
