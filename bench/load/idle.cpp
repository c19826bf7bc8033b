// The mode idle: what a connection that has nothing to say costs the server's process.
//
// One connection comes first and stays: whatever the server sets up for its first client is in the reading before. Then
// each of the others says one message, is answered, and is silent. Private memory is what counts, because a share in pages of
// libraries changes with whatever else runs.
#include "json.hpp"
#include "modes.hpp"
#include "options.hpp"
#include "pattern.hpp"
#include "process.hpp"
#include "stream.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace load {

Report run_idle(const Options& options) {
    std::size_t connections = options.connections();
    Report report;
    Pattern pattern;
    std::vector<Stream> streams(connections + 1);
    std::span<Stream> all(streams);
    bool open = open_streams(all.first(1), 0, options, pattern, report.faults);
    std::uint64_t before = settled_memory(options.server_pid);
    if (open) {
        open_streams(all.subspan(1), 1, options, pattern, report.faults);
    }
    double more = static_cast<double>(settled_memory(options.server_pid)) - static_cast<double>(before);
    if (stopped()) {
        throw Interrupted();
    }
    report.line = Json().put("bytes_per_connection", more / static_cast<double>(connections)).text();
    return report;
}

}  // namespace load
