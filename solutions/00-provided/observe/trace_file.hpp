/// \file
/// Given: `trace_to_file`, which writes the program's events for Perfetto and for `./learn trace`.
///
/// Each event is written at once, followed by the closing bracket of the file, which the next event overwrites. So the file
/// is complete at any moment, even after Ctrl-C or an abort. The price is a system call for each event, and memory for each
/// unfinished task. The file ends at `longest_trace` bytes. If an event can't be written, the program says so once and goes
/// on without the trace.
#pragma once

#include <cstdint>

namespace rt::trace {

/// In bytes.
inline constexpr std::int64_t longest_trace = 256 << 20;

/// Writes all events from now on to `path`, a new file. Called once, at the start of the program. Prints a sentence on stderr
/// if the file can't be made.
void trace_to_file(const char* path);

}  // namespace rt::trace
