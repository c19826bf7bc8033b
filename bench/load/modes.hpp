// What the modes have in common: options in, one line of JSON out.
#pragma once

#include "json.hpp"
#include "options.hpp"
#include "stream.hpp"

#include <string>

namespace load {

/// A run's outcome: what is printed, and what went wrong.
struct Report {
    std::string line;
    Faults faults;
};

/// Thrown when Ctrl-C ended the run.
struct Interrupted {};

Report run_echo(const Options& options);  // mixed and slow-reader too
Report run_idle(const Options& options);
Report run_accept(const Options& options);

class Histogram;
/// {"p50":…,"p99":…,"max":…} in microseconds.
Json latency_json(const Histogram& latencies);

}  // namespace load
