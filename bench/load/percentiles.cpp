// The mode percentiles: what the histogram makes of numbers from standard input. Its tests ask it.
#include "histogram.hpp"
#include "json.hpp"
#include "modes.hpp"

#include <cstdint>
#include <iostream>
#include <memory>

namespace load {

Report run_percentiles() {
    auto histogram = std::make_unique<Histogram>();
    std::uint64_t value = 0;
    while (std::cin >> value) {
        histogram->record(value);
    }
    Json json;
    json.put("count", histogram->count()).put("min", histogram->min()).put("max", histogram->max());
    json.put("mean", histogram->mean());
    json.put("p50", histogram->percentile(50)).put("p90", histogram->percentile(90));
    json.put("p99", histogram->percentile(99)).put("p99.9", histogram->percentile(99.9));
    json.put("p100", histogram->percentile(100));
    Report report;
    report.line = json.text();
    return report;
}

}  // namespace load
