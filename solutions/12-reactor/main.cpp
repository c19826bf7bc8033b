/// \file
/// Lines from two pipes at once: one thread prints each line as soon as its pipe has it.
///
///     solution-12                    two pipes of its own, to which a thread writes piece by piece
///     solution-12 FILE FILE          two FIFOs, say: solution-12 <(ping -c 3 ::1) <(ping -c 3 127.0.0.1)
#include "pipes.hpp"

#include <rt/async.hpp>
#include <rt/current_thread.hpp>
#include <rt/io_source.hpp>
#include <rt/join.hpp>
#include <rt/print.hpp>
#include <rt/sys.hpp>

#include <array>
#include <cstddef>
#include <cstdio>
#include <string>
#include <system_error>
#include <utility>

#include <fmt/format.h>

namespace {

/// Reads a pipe line by line. Lesson 17 does this for any stream.
class LineReader {
  public:
    explicit LineReader(rt::sys::Fd fd) : source_(std::move(fd)) {}

    /// Yields the next line, which is empty at the end of the stream.
    rt::Async<std::string> next() {
        for (;;) {
            if (std::size_t end = text_.find('\n'); end != text_.npos) {
                std::string line = text_.substr(0, end + 1);
                text_.erase(0, end + 1);
                co_return line;
            }
            auto more = rt::poll_fn([this](rt::Context& cx) { return poll_more(cx); });
            if (!co_await more) {
                co_return std::exchange(text_, "");  // a last line without an end
            }
        }
    }

  private:
    /// Waits for more text. Yields false at the end of the stream.
    rt::Poll<bool> poll_more(rt::Context& cx) {
        std::array<char, 512> buffer;
        auto read = [&buffer](int fd) { return rt::sys::read(fd, buffer); };
        auto poll = source_.poll_io(cx, rt::Direction::read, buffer.size(), "read", read);
        return std::move(poll).map([this, &buffer](std::size_t size) {
            text_.append(buffer.data(), size);
            return size > 0;
        });
    }

    rt::IoSource source_;
    std::string text_;  // that was read and is not part of a line yet
};

/// Prints each line as soon as it has come. Calls `after_each` then.
template <class AfterEach>
rt::Async<> print_lines(std::string name, rt::sys::Fd fd, AfterEach after_each) {
    LineReader reader(std::move(fd));
    for (std::string line = co_await reader.next(); !line.empty(); line = co_await reader.next()) {
        if (line.ends_with('\n')) {
            line.pop_back();
        }
        // fmt::print would throw on a full disk, and the other pipe's writer would wait for this line for ever.
        std::fputs(fmt::format("{}: {}\n", name, rt::visible(line)).c_str(), stdout);
        after_each();
    }
    std::fputs(fmt::format("{}: the end\n", name).c_str(), stdout);
}

void show_own_pipes() {
    TwoPipes pipes;
    auto go_on = [&pipes] { pipes.line_was_printed(); };
    rt::CurrentThread runtime;
    runtime.block_on(
        rt::join(print_lines("left", pipes.take_left(), go_on), print_lines("right", pipes.take_right(), go_on)));
}

void show_files(const char* left, const char* right) {
    rt::sys::Fd left_file = open_to_read(left);
    rt::sys::Fd right_file = open_to_read(right);
    auto nothing = [] {};
    rt::CurrentThread runtime;
    runtime.block_on(
        rt::join(print_lines(left, std::move(left_file), nothing), print_lines(right, std::move(right_file), nothing)));
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 1 && argc != 3) {
        rt::eprintln("Name two files to read from, such as FIFOs, or none.");
        return 2;
    }
    std::setvbuf(stdout, nullptr, _IOLBF, 0);  // so that a program behind a pipe sees each line at once
    try {
        argc == 1 ? show_own_pipes() : show_files(argv[1], argv[2]);
    } catch (const std::system_error& error) {
        rt::eprintln("{}", error.what());
        return 1;
    }
    return 0;
}
