/// \file
/// Lines from two pipes at once. One thread, two readers; whichever pipe has a line, it is printed.
///
///     solution-12                    two pipes of its own, written to by a thread, piece by piece
///     solution-12 FILE FILE          two FIFOs, say: solution-12 <(ping -c 3 ::1) <(ping -c 3 127.0.0.1)
#include <rt/async.hpp>
#include <rt/current_thread.hpp>
#include <rt/io_source.hpp>
#include <rt/join.hpp>
#include <rt/sync.hpp>
#include <rt/sys.hpp>

#include <array>
#include <cstddef>
#include <cstdio>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <fmt/core.h>

namespace {

/// The reading end of a pipe, line by line. (Lesson 17 does this for anything that can be read.)
class LineReader {
  public:
    explicit LineReader(rt::sys::Fd fd) : source_(std::move(fd)) {}

    /// A future of the next line; empty at the end of the stream.
    rt::Async<std::string> next() {
        for (;;) {
            if (std::size_t end = text_.find('\n'); end != text_.npos) {
                std::string line = text_.substr(0, end + 1);
                text_.erase(0, end + 1);
                co_return line;
            }
            auto more = rt::poll_fn([this](rt::Context& cx) { return poll_more(cx); });
            if (!co_await more) {
                co_return std::exchange(text_, "");  // a last line that nobody ended
            }
        }
    }

  private:
    /// Waits for some more text; false at the end of the stream.
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
    std::string text_;  // read, and not given out
};

/// Who writes may wait until a line has been printed.
rt::Mutex mutex;
rt::Condvar printed;
int lines_printed = 0;

rt::Async<> print_lines(std::string name, rt::sys::Fd fd) {
    LineReader reader(std::move(fd));
    for (std::string line = co_await reader.next(); !line.empty(); line = co_await reader.next()) {
        fmt::print("{}: {}{}", name, line, line.ends_with('\n') ? "" : "\n");
        {
            rt::Lock lock(mutex);
            ++lines_printed;
        }
        printed.notify_all();
    }
    fmt::print("{}: the end\n", name);
}

void wait_for_lines(int lines) {
    rt::Lock lock(mutex);
    printed.wait(lock, [lines] { return lines_printed >= lines; });
}

void write(const rt::sys::Fd& fd, std::string_view text, int lines) {
    rt::sys::write(fd.get(), text);
    wait_for_lines(lines);
}

/// Two streams of text, in pieces that do not care where a line ends. With each piece: how many lines must have been
/// printed before the next.
void write_both(rt::sys::Fd left, rt::sys::Fd right) {
    write(left, "the left pipe ", 0);
    write(right, "the right pipe was first to end a line\n", 1);
    write(left, "comes in two pieces\n", 2);
    write(left, "one\ntwo\nthr", 4);
    left.reset();  // that ends the line, too
    wait_for_lines(5);
    write(right, "three lines at once:\na\nb\n", 8);
}

rt::sys::Fd check(int fd, const char* what) {
    if (fd < 0) {
        throw rt::sys::error(fd, what);
    }
    return rt::sys::Fd(fd);
}

void show_own_pipes() {
    std::array<int, 2> left{};
    std::array<int, 2> right{};
    for (auto* ends : {&left, &right}) {
        if (int result = rt::sys::pipe(*ends, O_NONBLOCK); result < 0) {
            throw rt::sys::error(result, "pipe");
        }
    }
    rt::Thread writer(write_both, rt::sys::Fd(left[1]), rt::sys::Fd(right[1]));
    rt::CurrentThread runtime;
    runtime.block_on(rt::join(print_lines("left", rt::sys::Fd(left[0])), print_lines("right", rt::sys::Fd(right[0]))));
    writer.join();
}

void show_files(const char* left, const char* right) {
    rt::sys::Fd left_file = check(rt::sys::open(left, O_RDONLY | O_NONBLOCK | O_CLOEXEC), left);
    rt::sys::Fd right_file = check(rt::sys::open(right, O_RDONLY | O_NONBLOCK | O_CLOEXEC), right);
    rt::CurrentThread runtime;
    runtime.block_on(rt::join(print_lines(left, std::move(left_file)), print_lines(right, std::move(right_file))));
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 1 && argc != 3) {
        fmt::print(stderr, "Name two files to read from, such as FIFOs, or none.\n");
        return 2;
    }
    std::setvbuf(stdout, nullptr, _IOLBF, 0);  // a line is shown when it is printed, also by a pipe
    try {
        argc == 1 ? show_own_pipes() : show_files(argv[1], argv[2]);
    } catch (const std::system_error& error) {
        fmt::print(stderr, "{}\n", error.what());
        return 1;
    }
    return 0;
}
