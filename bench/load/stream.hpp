// One connection: what was sent and what came back, checked byte by byte.
#pragma once

#include "options.hpp"
#include "pattern.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace load {

/// What went wrong in a run: how often, and the first of it in words.
struct Faults {
    std::uint64_t count = 0;
    std::string first;

    void note(std::string sentence);
};

/// Nanoseconds of the monotonic clock.
std::uint64_t now();

/// A client's end of a connection. It may be moved; it closes its descriptor.
class Stream {
  public:
    Stream() = default;
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;
    Stream(Stream&& other) noexcept;
    Stream& operator=(Stream&& other) noexcept;
    ~Stream() { close(); }

    /// Connects number `n` to the server: blocking for at most the time-out, non-blocking from then on.
    /// False, and a fault, if that fails.
    bool connect(const Options& options, std::size_t n, Faults& faults);

    bool is_open() const { return fd_ >= 0; }
    int descriptor() const { return fd_; }
    std::uint64_t received() const { return received_; }
    bool is_answered() const { return received_ == wanted_; }
    bool is_sent() const { return sent_ == wanted_; }

    /// `bytes` more shall be sent: flush() does it.
    void want(std::uint64_t bytes) { wanted_ += bytes; }

    /// Sends what is wanted, as far as the kernel takes it. False, and a fault, if the connection is broken.
    bool flush(const Pattern& pattern, Faults& faults);

    /// One read of at most buffer.size() bytes, checked; how many came, 0 if none were there. The end of the
    /// stream, a wrong byte or an error close it (see is_open): faults, except for the end after end_of_sending().
    std::size_t receive(const Pattern& pattern, std::span<char> buffer, Faults& faults);

    /// Waits (blocking, at most `seconds`) until all that was sent has come back; a fault if it does not.
    bool await_answer(const Pattern& pattern, std::span<char> buffer, double seconds, Faults& faults);

    /// What is not sent yet never will be; the server may close now, once it has answered.
    void end_of_sending();

    /// Closes by a reset: nothing stays behind in the kernel.
    void reset();
    void close();

  private:
    std::string name() const { return "connection " + std::to_string(number_); }
    void fail(const char* call, Faults& faults);

    int fd_ = -1;
    bool ended_ = false;  // end_of_sending() was called
    std::size_t number_ = 0;
    std::uint64_t start_ = 0;   // where in the pattern this stream begins
    std::uint64_t wanted_ = 0;  // bytes to send in total: received_ <= sent_ <= wanted_
    std::uint64_t sent_ = 0;
    std::uint64_t received_ = 0;
};

/// Connects them all and greets: one short message each, answered before the next hundred connect, so that the
/// server has accepted every one of them, and no backlog overflows. False, and a fault, at the first that fails.
bool open_streams(std::span<Stream> streams, std::size_t first_number, const Options& options, const Pattern& pattern,
                  Faults& faults);

/// Length of that first message.
inline constexpr std::size_t greeting = 32;

}  // namespace load
