/// \file
/// A source for tests: its reads and writes are counted, and can be led astray.
#pragma once

#include <doctest/doctest.h>
#include <rt/async.hpp>
#include <rt/future.hpp>
#include <rt/io_source.hpp>
#include <rt/sys.hpp>

#include <cerrno>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace support {

/// An IoSource over any descriptor.
class Source {
  public:
    explicit Source(rt::sys::Fd fd, bool is_plain = true) : source(std::move(fd), is_plain) {}

    /// A future of one read of at most `max` bytes.
    auto read(std::size_t max = 100) {
        auto poll = [this, max](rt::Context& cx) -> rt::Poll<std::string> {
            std::string text(max, '\0');
            auto receive = [this, &text](int fd) {
                ssize_t result = counted(rt::sys::read(fd, text));
                if (after_read) {
                    std::exchange(after_read, nullptr)();
                }
                return answer_instead ? std::exchange(answer_instead, std::nullopt).value() : result;
            };
            return source.poll_io(cx, rt::Direction::read, max, "read", receive).map([&text](std::size_t size) {
                return text.substr(0, size);
            });
        };
        return rt::poll_fn(poll);
    }
    /// A future of one write.
    auto write(std::string_view text) {
        auto poll = [this, text](rt::Context& cx) {
            auto send = [this, text](int fd) { return counted(rt::sys::write(fd, text)); };
            return source.poll_io(cx, rt::Direction::write, text.size(), "write", send);
        };
        return rt::poll_fn(poll);
    }

    rt::IoSource source;
    int calls = 0;                          // of read and write
    std::function<void()> after_read;       // what happens between the next read and its return
    std::optional<ssize_t> answer_instead;  // what the next read seems to answer

  private:
    ssize_t counted(ssize_t result) {
        ++calls;
        refusals_ = result == -EAGAIN ? refusals_ + 1 : 0;
        REQUIRE_MESSAGE(refusals_ < 100,
                        "the kernel has refused 100 times, and poll_io asks again and again. Clear what it had seen.");
        return result;
    }

    int refusals_ = 0;  // since the last other answer
};

/// Reads `bytes` bytes, piece by piece.
inline rt::Async<std::string> read_bytes(std::shared_ptr<Source> source, std::size_t bytes) {
    std::string text;
    while (text.size() < bytes) {
        text += co_await source->read();
    }
    co_return text;
}

}  // namespace support
