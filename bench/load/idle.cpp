// The mode idle: what a connection that has nothing to say costs the server's process.
//
// One connection comes first and stays: whatever the server sets up for its first client is in the reading before. Then
// each of the others says one message, is answered, and is silent. After the second reading all of them say one message
// at the same time: what a server keeps of that is the third ("after a burst"). Private memory is what counts: a share
// in pages of libraries (pss) changes with whatever else runs.
#include "json.hpp"
#include "modes.hpp"
#include "options.hpp"
#include "pattern.hpp"
#include "process.hpp"
#include "stop.hpp"
#include "stream.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <vector>

#include <sys/types.h>

namespace load {

namespace {

double per_connection(std::uint64_t before, std::uint64_t after, std::size_t connections) {
    return (static_cast<double>(after) - static_cast<double>(before)) / static_cast<double>(connections);
}

Memory settled(pid_t pid) {
    wait_until_quiet(pid, 2);
    return Memory::of(pid);
}

/// All speak before anybody listens.
void burst(std::span<Stream> streams, const Options& options, const Pattern& pattern, Faults& faults) {
    std::array<char, greeting> buffer;
    for (Stream& stream : streams) {
        stream.want(greeting);
        stream.flush(pattern, faults);
    }
    for (Stream& stream : streams) {
        stream.await_answer(pattern, buffer, options.timeout, faults);
    }
}

}  // namespace

Report run_idle(const Options& options) {
    if (options.server_pid == 0) {
        throw std::invalid_argument("idle measures the server's memory: say --server-pid PID.");
    }
    std::size_t connections = options.connections();
    Report report;
    Pattern pattern;
    std::vector<Stream> streams(connections + 1);
    std::span<Stream> all(streams);
    bool open = open_streams(all.first(1), 0, options, pattern, report.faults);
    Memory before = settled(options.server_pid);
    open = open && open_streams(all.subspan(1), 1, options, pattern, report.faults);
    Memory after = settled(options.server_pid);
    if (open) {
        burst(all, options, pattern, report.faults);
    }
    Memory afterwards = settled(options.server_pid);
    if (stopped()) {
        throw Interrupted();
    }
    Json json;
    json.put("mode", options.name)
        .put("connections", std::uint64_t{connections})
        .put("bytes_per_connection", per_connection(before.own, after.own, connections))
        .put("rss_per_connection", per_connection(before.rss, after.rss, connections))
        .put("pss_per_connection", per_connection(before.pss, after.pss, connections))
        .put("bytes_per_connection_after_burst", per_connection(before.own, afterwards.own, connections))
        .put("memory_before", before.json())
        .put("memory_after", after.json())
        .put("memory_after_burst", afterwards.json());
    report.faults.put_into(json);
    report.line = json.text();
    return report;
}

}  // namespace load
