/// \file
/// Given: two pipes to read from, and the thread that writes to them. You use `Input` and `with_inputs`.
///
/// The writer waits until a line has been printed before it goes on, so the program's output is always the same.
#pragma once

#include <rt/print.hpp>
#include <rt/sync.hpp>
#include <rt/sys.hpp>

#include <array>
#include <cstdio>
#include <functional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <fmt/format.h>

/// A pipe to read from.
struct Input {
    std::string name;
    rt::sys::Fd fd;                      ///< non-blocking
    std::function<void()> line_printed;  ///< to be called for each line that was printed
};

/// Prints a line with the name of its pipe. Unlike fmt::print it doesn't throw if the disk is full, because the writer would
/// wait for this line forever.
inline void print_line(const Input& input, std::string_view line) {
    std::fputs(fmt::format("{}: {}\n", input.name, rt::visible(line)).c_str(), stdout);
    input.line_printed();
}

/// Two pipes, and a thread that writes a text to each of them, in pieces that do not end where lines end.
class TwoPipes {
  public:
    TwoPipes() {
        for (Pipe* pipe : {&left_, &right_}) {
            std::array<int, 2> ends{};
            rt::sys::check(rt::sys::pipe(ends, O_NONBLOCK), "pipe");
            *pipe = Pipe{rt::sys::Fd(ends[0]), rt::sys::Fd(ends[1])};
        }
        writer_ = rt::Thread([this] { write_both(); });
    }
    TwoPipes(const TwoPipes&) = delete;
    TwoPipes& operator=(const TwoPipes&) = delete;
    ~TwoPipes() { writer_.join(); }

    /// The ends to read from. Each is taken once.
    Input take_left() {
        return Input{"left", std::move(left_.read_end), [this] { line_was_printed(); }};
    }
    Input take_right() {
        return Input{"right", std::move(right_.read_end), [this] { line_was_printed(); }};
    }

  private:
    struct Pipe {
        rt::sys::Fd read_end;
        rt::sys::Fd write_end;
    };

    void write_both() {
        write(left_, "the left pipe ", 0);
        write(right_, "the right pipe was first to end a line\n", 1);
        write(left_, "comes in two pieces\n", 2);
        write(left_, "one\ntwo\nthr", 4);
        left_.write_end.reset();  // that ends the line, too
        wait_for_lines(6);
        write(right_, "three lines at once:\na\nb\n", 9);
        right_.write_end.reset();
    }

    /// Writes a piece, and waits until `lines` lines have been printed in all.
    void write(const Pipe& pipe, std::string_view text, int lines) {
        rt::sys::write(pipe.write_end.get(), text);
        wait_for_lines(lines);
    }
    void wait_for_lines(int lines) {
        rt::Lock lock(mutex_);
        printed_.wait(lock, [this, lines] { return lines_ >= lines; });
    }
    void line_was_printed() {
        {
            rt::Lock lock(mutex_);
            ++lines_;
        }
        printed_.notify_all();
    }

    Pipe left_;
    Pipe right_;
    rt::Mutex mutex_;
    rt::Condvar printed_;
    int lines_ = 0;
    rt::Thread writer_;
};

/// Opens a file or a FIFO, non-blocking. Throws what the system reports.
inline Input open_to_read(const char* path) {
    rt::sys::Fd fd(rt::sys::check(rt::sys::open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC), path));
    return Input{path, std::move(fd), [] {}};
}

/// Calls `read_both(left, right)` with the two files that the command line names, or else with two pipes of its own. Returns
/// the program's status.
template <class ReadBoth>
int with_inputs(int argc, char** argv, ReadBoth read_both) {
    if (argc != 1 && argc != 3) {
        rt::eprintln("Name two files to read from, such as FIFOs, or none.");
        return 2;
    }
    std::setvbuf(stdout, nullptr, _IOLBF, 0);  // so that a program behind a pipe sees each line at once
    try {
        if (argc == 1) {
            TwoPipes pipes;
            read_both(pipes.take_left(), pipes.take_right());
        } else {
            Input left = open_to_read(argv[1]);
            read_both(std::move(left), open_to_read(argv[2]));
        }
    } catch (const std::system_error& error) {
        rt::eprintln("{}", error.what());
        return 1;
    }
    return 0;
}
