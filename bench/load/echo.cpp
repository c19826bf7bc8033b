// The modes echo, mixed, and slow-reader: a warm-up, a window that is measured, and the end of every connection.
#include "histogram.hpp"
#include "json.hpp"
#include "modes.hpp"
#include "options.hpp"
#include "process.hpp"
#include "stream.hpp"
#include "traffic.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace load {

namespace {

/// The window: its length, and the CPU seconds that both processes used in it.
struct Window {
    double seconds = 0;
    double ours = 0;
    double servers = 0;
};

std::uint64_t from_now(double seconds) { return now() + static_cast<std::uint64_t>(seconds * 1e9); }

double server_cpu(const Options& options) { return options.server_pid == 0 ? 0 : cpu_seconds(options.server_pid); }

Window measure(const Options& options, Traffic& traffic) {
    bool ordered = options.requests > 0;
    if (!ordered) {
        traffic.start();
        traffic.run_until(from_now(options.warmup));
        traffic.forget();
    }
    double servers = server_cpu(options);
    double ours = own_cpu_seconds();
    std::uint64_t begin = now();
    if (ordered) {
        traffic.start();
    }
    traffic.run_until(ordered ? ~std::uint64_t{0} : from_now(options.seconds));
    return {static_cast<double>(now() - begin) / 1e9, own_cpu_seconds() - ours, server_cpu(options) - servers};
}

Json group_json(const Group& group, const GroupResult& result, double seconds) {
    Json json;
    json.put("connections", std::uint64_t{group.connections})
        .put("size", std::uint64_t{group.size})
        .put("depth", std::uint64_t{group.depth})
        .put("bytes_per_second", static_cast<double>(result.bytes) / seconds)
        .put("requests", result.latencies.count())
        .put("latency_us", latency_json(result.latencies));
    return json;
}

Report report(const Options& options, const Window& window, const Traffic& traffic) {
    Histogram latencies;  // of those at full speed
    std::uint64_t unanswered = 0;
    std::string groups;
    for (std::size_t g = 0; g < options.groups.size(); ++g) {
        const GroupResult& result = traffic.results()[g];
        groups += (g == 0 ? "" : ",") + group_json(options.groups[g], result, window.seconds).text();
        latencies.add(result.latencies);
        unanswered += result.unanswered;
    }
    std::uint64_t requests = latencies.count() - unanswered;
    Report report;
    report.faults = traffic.faults();
    Json json;
    json.put("seconds", window.seconds)
        .put("requests", requests)
        .put("unanswered", unanswered)
        .put("requests_per_second", static_cast<double>(requests) / window.seconds)
        .put("latency_us", latency_json(latencies))
        .put("errors", report.faults.count)
        .put("load", Json().put("cpu_s", window.ours))
        .put("server", Json().put("cpu_s", window.servers))
        .raw("groups", "[" + groups + "]");
    report.line = json.text();
    return report;
}

}  // namespace

Json latency_json(const Histogram& latencies) {
    auto us = [](std::uint64_t ns) { return static_cast<double>(ns) / 1000; };
    return Json()
        .put("p50", us(latencies.percentile(50)))
        .put("p99", us(latencies.percentile(99)))
        .put("max", us(latencies.max()));
}

Report run_echo(const Options& options) {
    auto traffic = std::make_unique<Traffic>(options);
    bool connected = traffic->connect();
    Window window = connected ? measure(options, *traffic) : Window();
    if (connected) {
        traffic->end();
    }
    if (stopped()) {
        throw Interrupted();
    }
    return connected ? report(options, window, *traffic) : Report{"{}", traffic->faults()};
}

}  // namespace load
