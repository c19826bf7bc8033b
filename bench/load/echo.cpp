// The modes echo, mixed and slow-reader: workers make the load, this thread keeps the time and reads the clocks.
#include "histogram.hpp"
#include "json.hpp"
#include "modes.hpp"
#include "options.hpp"
#include "process.hpp"
#include "stop.hpp"
#include "stream.hpp"
#include "worker.hpp"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace load {

namespace {

using Phase = Control::Phase;

/// A share of its time above which a thread of the generator counts as saturated.
constexpr double saturated_from = 0.95;

void sleep_ns(std::uint64_t ns) {
    timespec time{static_cast<time_t>(ns / 1'000'000'000), static_cast<long>(ns % 1'000'000'000)};
    nanosleep(&time, nullptr);
}

/// Sleeps until then, or Ctrl-C, or until `counter` has reached `enough`.
void wait(std::uint64_t deadline, const std::atomic<std::size_t>& counter, std::size_t enough) {
    while (counter.load() < enough && !stopped()) {
        std::uint64_t time = now();
        if (time >= deadline) {
            break;
        }
        sleep_ns(std::min<std::uint64_t>(deadline - time, 5'000'000));
    }
    if (stopped()) {
        throw Interrupted();
    }
}

std::uint64_t from_now(double seconds) { return now() + static_cast<std::uint64_t>(seconds * 1e9); }

/// Joins the threads whatever happens: an exception makes them stop by ending the phases.
class Crew {
  public:
    Crew(const Options& options, Control& control) : control_(control) {
        for (std::size_t i = 0; i < options.threads; ++i) {
            workers_.push_back(std::make_unique<Worker>(options, control, i));
        }
        for (auto& worker : workers_) {
            threads_.emplace_back([w = worker.get()] {
                leave_signals_to_main();
                w->run();
            });
        }
    }
    Crew(const Crew&) = delete;
    Crew& operator=(const Crew&) = delete;
    ~Crew() { end(); }

    void end() {
        control_.phase.store(Phase::ending);
        for (std::thread& thread : threads_) {
            thread.join();
        }
        threads_.clear();
    }

    const std::vector<std::unique_ptr<Worker>>& workers() const { return workers_; }

  private:
    Control& control_;
    std::vector<std::unique_ptr<Worker>> workers_;
    std::vector<std::thread> threads_;
};

/// The window: its length and what both processes used in it.
struct Window {
    double seconds = 0;
    Usage ours, servers;
    Memory before, after;
};

Window measure(const Options& options, Control& control) {
    Window window;
    bool watched = options.server_pid != 0;
    if (options.requests == 0) {
        control.schedule_start.store(now());
        control.phase.store(Phase::warming);
        wait(from_now(options.warmup), control.finished, options.threads);
    }
    Usage servers = watched ? Usage::of(options.server_pid) : Usage();
    Usage ours = Usage::of_this_process();
    std::uint64_t begin = now();
    control.phase.store(Phase::measuring);
    wait(options.requests > 0 ? ~std::uint64_t{0} : from_now(options.seconds), control.finished, options.threads);
    control.phase.store(Phase::measured);
    window.seconds = static_cast<double>(now() - begin) / 1e9;
    window.ours = Usage::of_this_process() - ours;
    if (watched) {
        window.servers = Usage::of(options.server_pid) - servers;
        window.after = Memory::of(options.server_pid);
    }
    return window;
}

Json group_json(const Group& group, const GroupResult& result, double seconds) {
    Json json;
    json.put("connections", std::uint64_t{group.connections})
        .put("size", std::uint64_t{group.size})
        .put("depth", std::uint64_t{group.depth})
        .put("bytes_per_second", static_cast<double>(result.bytes) / seconds);
    if (group.slow_rate > 0) {
        json.put("slow_rate", group.slow_rate);
        return json;
    }
    json.put("requests", result.latencies.count())
        .put("requests_per_second", static_cast<double>(result.latencies.count()) / seconds)
        .put("latency_us", latency_json(result.latencies));
    return json;
}

std::string share_note(const char* who, double share) {
    char text[60];
    std::snprintf(text, sizeof text, "%s at %.0f %%", who, share * 100);
    return text;
}

Report report(const Options& options, const Window& window, const Crew& crew) {
    Report report;
    std::vector<GroupResult> results(options.groups.size());
    for (const auto& worker : crew.workers()) {
        report.faults.add(worker->faults());
        for (std::size_t g = 0; g < results.size(); ++g) {
            results[g].latencies.add(worker->results()[g].latencies);
            results[g].bytes += worker->results()[g].bytes;
            results[g].unanswered += worker->results()[g].unanswered;
        }
    }
    GroupResult all;  // of those at full speed
    std::string groups;
    for (std::size_t g = 0; g < results.size(); ++g) {
        groups += (g == 0 ? "" : ",") + group_json(options.groups[g], results[g], window.seconds).text();
        all.unanswered += results[g].unanswered;
        if (options.groups[g].slow_rate == 0) {
            all.latencies.add(results[g].latencies);
            all.bytes += results[g].bytes;
        }
    }
    std::uint64_t requests = all.latencies.count() - all.unanswered;
    auto per_second = static_cast<double>(requests) / window.seconds;
    double share = window.ours.cpu / window.seconds / static_cast<double>(options.threads);
    double server_share = window.servers.cpu / window.seconds;
    Json json;
    json.put("mode", options.name)
        .put("connections", std::uint64_t{options.connections()})
        .put("size", std::uint64_t{options.groups[0].size})
        .put("depth", std::uint64_t{options.groups[0].depth})
        .put("seconds", window.seconds)
        .put("requests", requests)
        .put("requests_per_second", per_second)
        .put("bytes_per_second", static_cast<double>(all.bytes) / window.seconds)
        .put("latency_us", latency_json(all.latencies));
    if (options.rate > 0) {
        json.put("rate", options.rate).put("unanswered", all.unanswered);
    }
    report.faults.put_into(json);
    json.put("load", usage_json(window.ours, window.seconds)).put("load_saturated", share >= saturated_from);
    std::string notes;
    if (share >= saturated_from) {
        notes = Json::quoted(share_note("load generator", share));
    }
    if (options.server_pid != 0) {
        json.put("server", usage_json(window.servers, window.seconds))
            .put("memory_before", window.before.json())
            .put("memory_after", window.after.json());
        if (requests > 0) {
            json.put("server_cpu_us_per_request", window.servers.cpu * 1e6 / static_cast<double>(requests))
                .put("load_cpu_us_per_request", window.ours.cpu * 1e6 / static_cast<double>(requests));
        }
        if (!notes.empty()) {
            notes += "," + Json::quoted(share_note("server", server_share));
        }
    }
    json.raw("notes", "[" + notes + "]");
    if (results.size() > 1) {
        json.raw("groups", "[" + groups + "]");
    }
    report.line = json.text();
    return report;
}

}  // namespace

Json latency_json(const Histogram& latencies) {
    auto us = [](std::uint64_t ns) { return static_cast<double>(ns) / 1000; };
    return Json()
        .put("p50", us(latencies.percentile(50)))
        .put("p99", us(latencies.percentile(99)))
        .put("p99.9", us(latencies.percentile(99.9)))
        .put("max", us(latencies.max()))
        .put("mean", latencies.mean() / 1000);
}

Report run_echo(const Options& options) {
    Memory before = options.server_pid != 0 ? Memory::of(options.server_pid) : Memory();
    Control control;
    Crew crew(options, control);
    wait(~std::uint64_t{0}, control.connected, options.threads);
    Window window = measure(options, control);
    window.before = before;
    crew.end();
    if (stopped()) {
        throw Interrupted();
    }
    return report(options, window, crew);
}

}  // namespace load
