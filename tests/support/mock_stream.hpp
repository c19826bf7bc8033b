/// \file
/// `MockStream`: a stream in memory. The test is the other side.
///
///     MockPeer peer;
///     BufReader reader(peer.stream());
///     auto line = spawn_mock("the line", reader.read_line());
///     line.poll();                      // Pending
///     peer.send("hel");                 // wakes it, and one read gives exactly these bytes
///     peer.send("lo\n");
///
/// One read never returns bytes of two `send`s, so the test decides where the stream is cut. `peer.received()` is what
/// was written to the stream, and `peer.take_room(n)` lets the stream take `n` bytes before a write has to wait.
///
/// Thread safety: any thread may call these functions.
#pragma once

#include <rt/future.hpp>
#include <rt/sync.hpp>
#include <support/story.hpp>

#include <algorithm>
#include <cstddef>
#include <deque>
#include <exception>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace support {

namespace detail {

struct MockStreamState {
    rt::Mutex mutex;
    std::deque<std::string> to_read;
    bool ended = false;
    std::optional<int> read_error;
    rt::Waker reader;
    int reads = 0;
    int reads_at_end = 0;

    std::string written;
    std::size_t room = std::numeric_limits<std::size_t>::max();
    std::optional<int> write_error;
    int shutdowns = 0;
    bool holds_shutdown = false;
    std::optional<int> shutdown_error;
    rt::Waker writer;
    int writes = 0;

    bool dropped = false;
};

}  // namespace detail

/// The stream, for the code under test.
class MockStream {
  public:
    explicit MockStream(std::shared_ptr<detail::MockStreamState> state) noexcept : state_(std::move(state)) {}
    MockStream(MockStream&&) noexcept = default;
    MockStream& operator=(MockStream&&) noexcept = default;
    ~MockStream() {
        if (state_) {
            rt::Lock lock(state_->mutex);
            state_->dropped = true;
        }
    }

    rt::Poll<std::size_t> poll_read(rt::Context& cx, std::span<char> into) {
        rt::Waker replaced;
        rt::Lock lock(state_->mutex);
        ++state_->reads;
        if (!state_->to_read.empty()) {
            std::string& piece = state_->to_read.front();
            std::size_t const count = std::min(piece.size(), into.size());
            std::copy_n(piece.begin(), count, into.begin());
            piece.erase(0, count);
            if (piece.empty()) {
                state_->to_read.pop_front();
            }
            return rt::Ready(count);
        }
        if (state_->read_error) {
            throw std::system_error(*std::exchange(state_->read_error, std::nullopt), std::system_category(), "read");
        }
        if (state_->ended) {
            if (++state_->reads_at_end > 1000) {
                throw std::runtime_error("the stream has ended, and was read 1,000 times more. 0 bytes are the end.");
            }
            return rt::Ready(std::size_t{0});
        }
        replaced = std::exchange(state_->reader, cx.waker());
        return rt::Pending;
    }

    rt::Poll<std::size_t> poll_write(rt::Context& cx, std::string_view from) {
        rt::Waker replaced;
        rt::Lock lock(state_->mutex);
        ++state_->writes;
        if (state_->write_error) {
            throw std::system_error(*std::exchange(state_->write_error, std::nullopt), std::system_category(), "write");
        }
        if (state_->room == 0) {
            replaced = std::exchange(state_->writer, cx.waker());
            return rt::Pending;
        }
        std::size_t const count = std::min(from.size(), state_->room);
        state_->written += from.substr(0, count);
        state_->room -= count;
        return rt::Ready(count);
    }

    rt::Poll<void> poll_shutdown(rt::Context& cx) {
        rt::Waker replaced;
        rt::Lock lock(state_->mutex);
        if (state_->shutdown_error) {
            throw std::system_error(*std::exchange(state_->shutdown_error, std::nullopt), std::system_category(),
                                    "shutdown");
        }
        if (state_->holds_shutdown) {
            replaced = std::exchange(state_->writer, cx.waker());
            return rt::Pending;
        }
        ++state_->shutdowns;
        return rt::Ready();
    }

  private:
    std::shared_ptr<detail::MockStreamState> state_;  // empty after a move
};

/// The test's side of one MockStream.
class MockPeer {
  public:
    /// The stream. Called once.
    MockStream stream() { return MockStream(state_); }

    /// Sends `text`. One read takes all of it, unless its buffer is too small.
    void send(std::string_view text) {
        std::string shown;
        for (char const c : text.substr(0, text.size() > 60 ? 20 : text.size())) {
            shown += c == '\n' ? "\\n" : c == '\r' ? "\\r" : std::string(1, c);
        }
        step("the peer sends '{}'", text.size() > 60 ? fmt::format("{}… ({} bytes)", shown, text.size()) : shown);
        wake_reader([&] { state_->to_read.emplace_back(text); });
    }
    /// Sends nothing more. Reads reach the end of the stream after what was sent.
    void end() {
        step("the peer ends");
        wake_reader([&] { state_->ended = true; });
    }
    /// After what was sent, one read throws this errno.
    void fail_read(int error) {
        step("the next read fails");
        wake_reader([&] { state_->read_error = error; });
    }

    /// The stream takes `count` more bytes. After that, writes wait.
    void take_room(std::size_t count) {
        step("the peer takes {} bytes", count);
        wake_writer([&] { state_->room = count; });
    }
    /// The next write throws this errno.
    void fail_write(int error) {
        step("the next write fails");
        wake_writer([&] { state_->write_error = error; });
    }

    /// A shutdown waits, until `let_shutdown` is called.
    void hold_shutdown() {
        step("a shutdown has to wait");
        wake_writer([&] { state_->holds_shutdown = true; });
    }
    void let_shutdown() {
        step("the shutdown need not wait any longer");
        wake_writer([&] { state_->holds_shutdown = false; });
    }
    /// The next shutdown throws this errno.
    void fail_shutdown(int error) {
        step("the next shutdown fails");
        wake_writer([&] { state_->shutdown_error = error; });
    }

    /// All that was written to the stream.
    std::string received() const { return get(&State::written); }
    bool is_shut_down() const { return shutdowns() > 0; }
    int shutdowns() const { return get(&State::shutdowns); }
    bool is_dropped() const { return get(&State::dropped); }
    /// How often the stream was read or written, including the calls that had to wait.
    int reads() const { return get(&State::reads); }
    int writes() const { return get(&State::writes); }

  private:
    using State = detail::MockStreamState;

    template <class T>
    T get(T State::* member) const {
        rt::Lock lock(state_->mutex);
        return state_.get()->*member;
    }
    template <class F>
    void wake_reader(F change) {
        change_and_wake(change, state_->reader);
    }
    template <class F>
    void wake_writer(F change) {
        change_and_wake(change, state_->writer);
    }
    template <class F>
    void change_and_wake(F& change, rt::Waker& kept) {
        rt::Waker waker;
        {
            rt::Lock lock(state_->mutex);
            change();
            waker = std::move(kept);
        }
        if (waker) {
            std::move(waker).wake();
        }
    }

    std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace support
