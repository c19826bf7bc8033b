/// \file
/// Given: two pipes for the program, and the thread that writes to them. You use `open_to_read` and `TwoPipes`.
///
/// The writer waits until a line has been printed before it goes on, so the program's output is always the same.
#pragma once

#include <rt/sync.hpp>
#include <rt/sys.hpp>

#include <array>
#include <string_view>
#include <utility>

/// Opens a file or a FIFO, non-blocking. Throws what the system reports.
inline rt::sys::Fd open_to_read(const char* path) {
    return rt::sys::Fd(rt::sys::check(rt::sys::open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC), path));
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
    rt::sys::Fd take_left() noexcept { return std::move(left_.read_end); }
    rt::sys::Fd take_right() noexcept { return std::move(right_.read_end); }

    /// Called by the program for each line that it has printed.
    void line_was_printed() {
        {
            rt::Lock lock(mutex_);
            ++lines_;
        }
        printed_.notify_all();
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
        wait_for_lines(5);
        write(right_, "three lines at once:\na\nb\n", 8);
        right_.write_end.reset();
    }

    /// Writes a piece, and waits until so many lines have been printed.
    void write(const Pipe& pipe, std::string_view text, int lines) {
        rt::sys::write(pipe.write_end.get(), text);
        wait_for_lines(lines);
    }
    void wait_for_lines(int lines) {
        rt::Lock lock(mutex_);
        printed_.wait(lock, [this, lines] { return lines_ >= lines; });
    }

    Pipe left_;
    Pipe right_;
    rt::Mutex mutex_;
    rt::Condvar printed_;
    int lines_ = 0;
    rt::Thread writer_;
};
