/// \file
/// A stream in memory for tests of what works on every stream.
#pragma once

#include <doctest/doctest.h>
#include <rt/future.hpp>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>

namespace support {

/// In `pieces` and `takes`: this poll is Pending.
inline constexpr auto nothing = std::nullopt;

/// A stream whose every answer is laid down before.
class Script {
  public:
    rt::Poll<std::size_t> poll_read(rt::Context& cx, std::span<char> into) {
        ++reads;
        if (pieces.empty()) {
            if (is_broken) {
                throw std::system_error(ECONNRESET, std::system_category(), "read");
            }
            return rt::Ready<std::size_t>(0);
        }
        if (!pieces.front()) {
            pieces.pop_front();
            cx.waker().wake_by_ref();
            return rt::Pending;
        }
        std::string& piece = *pieces.front();
        std::size_t size = std::min(piece.size(), into.size());
        std::copy_n(piece.begin(), size, into.begin());
        piece.erase(0, size);
        if (piece.empty()) {
            pieces.pop_front();
        }
        return rt::Ready(size);
    }
    rt::Poll<std::size_t> poll_write(rt::Context& cx, std::string_view from) {
        ++writes;
        if (takes.empty()) {
            throw std::system_error(EPIPE, std::system_category(), "write");
        }
        std::optional<std::size_t> take = takes.front();
        takes.pop_front();
        if (!take) {
            cx.waker().wake_by_ref();
            return rt::Pending;
        }
        std::size_t size = std::min(*take, from.size());
        written += from.substr(0, size);
        return rt::Ready(size);
    }
    rt::Poll<void> poll_shutdown(rt::Context&) {
        ++shutdowns;
        return rt::Ready();
    }

    std::deque<std::optional<std::string>> pieces;  ///< to be read, one a poll, and then the end of the stream
    bool is_broken = false;                         ///< the stream ends with an error of the read
    std::deque<std::optional<std::size_t>> takes;   ///< how much each write takes, and then each is an error
    std::string written;
    int reads = 0;
    int writes = 0;
    int shutdowns = 0;
};

}  // namespace support
