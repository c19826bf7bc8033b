// The command line.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <sys/types.h>

namespace load {

/// Streams that are alike. One kind in most runs; several in a mixed load.
struct Group {
    std::size_t connections = 50;
    std::size_t size = 64;        // bytes in a message
    std::size_t depth = 1;        // messages in flight on each connection
    std::uint64_t slow_rate = 0;  // bytes a second that it reads, while it writes all it can; 0: full speed
};

struct Options {
    enum class Mode { echo, mixed, slow_reader, idle, accept, help };

    Mode mode = Mode::echo;
    std::string host = "127.0.0.1";
    std::uint16_t port = 0;
    pid_t server_pid = 0;  // 0: the server's CPU is not looked at

    std::vector<Group> groups;
    double seconds = 2;          // the measuring window
    double warmup = 0.3;         // before it; nothing is counted
    std::uint64_t requests = 0;  // instead of a time: so many messages, no warm-up
    double rate = 0;             // messages a second, by the clock (open loop); 0: the next one when one is answered
    double timeout = 5;          // seconds without an answer: something is lost

    std::size_t connections() const;

    /// Throws std::invalid_argument with one sentence.
    static Options parse(int argc, char** argv);
};

extern const char* const usage;

}  // namespace load
