// The mode accept: connect, one message, its answer, the end; again and again, `connections` of them at a time.
//
// The client ends first, so a minute of TIME_WAIT is the client's address's, of which each run has many (see
// Stream::connect). --close reset leaves nothing behind, but then the server sees an error and not an end of stream.
#include "histogram.hpp"
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
#include <vector>

#include <sys/epoll.h>
#include <unistd.h>

namespace load {

namespace {

/// More than that in one run would fill the kernel's table of connections in TIME_WAIT.
constexpr std::uint64_t most_connections = 100'000;

class Clients {
  public:
    explicit Clients(const Options& options)
        : options_(options), slots_(options.connections()), epoll_(epoll_create1(EPOLL_CLOEXEC)) {
        most_ = options.requests > 0 ? options.requests : most_connections;
    }
    Clients(const Clients&) = delete;
    Clients& operator=(const Clients&) = delete;
    ~Clients() { close(epoll_); }

    /// Until that time, or that many connections, or `timeout` without any progress.
    void run(std::uint64_t deadline) {
        for (Slot& slot : slots_) {
            open(slot, deadline);
        }
        std::array<epoll_event, 256> events;
        std::uint64_t last = now();
        while (active_ > 0 && !stopped()) {
            int n = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), 20);
            for (int i = 0; i < n; ++i) {
                on_event(slots_[events[static_cast<std::size_t>(i)].data.u32], deadline);
                last = now();
            }
            if (static_cast<double>(now() - last) > options_.timeout * 1e9) {
                faults_.note(&Faults::missing, "a connection got neither its answer nor its end");
                return;
            }
        }
    }

    const Histogram& times() const { return times_; }
    const Faults& faults() const { return faults_; }

  private:
    struct Slot {
        Stream stream;
        std::uint64_t begun = 0;
        bool ending = false;
    };

    void open(Slot& slot, std::uint64_t deadline) {
        slot.begun = now();
        if (opened_ >= most_ || slot.begun >= deadline || faults_.total() > 0) {
            return;
        }
        slot.ending = false;
        if (!slot.stream.connect(options_, opened_++, faults_)) {
            return;
        }
        slot.stream.want(options_.groups[0].size);
        if (slot.stream.flush(pattern_, faults_)) {
            epoll_event event{};
            event.events = EPOLLIN;
            event.data.u32 = static_cast<std::uint32_t>(&slot - slots_.data());
            epoll_ctl(epoll_, EPOLL_CTL_ADD, slot.stream.descriptor(), &event);
            ++active_;
        }
    }

    void on_event(Slot& slot, std::uint64_t deadline) {
        slot.stream.flush(pattern_, faults_);
        slot.stream.receive(pattern_, buffer_, faults_);
        bool answered = slot.stream.is_open() && slot.stream.is_answered();
        if (answered && !slot.ending) {
            slot.ending = true;
            if (options_.reset_close) {
                slot.stream.reset();
            } else {
                slot.stream.end_of_sending();
            }
        }
        if (!slot.stream.is_open()) {
            --active_;
            times_.record(now() - slot.begun);
            open(slot, deadline);
        }
    }

    const Options& options_;
    Pattern pattern_;
    std::vector<Slot> slots_;
    std::array<char, 64 * 1024> buffer_;
    Histogram times_;
    Faults faults_;
    int epoll_;
    std::uint64_t most_;
    std::uint64_t opened_ = 0;
    std::size_t active_ = 0;
};

}  // namespace

Report run_accept(const Options& options) {
    bool watched = options.server_pid != 0;
    Clients clients(options);
    Usage servers = watched ? Usage::of(options.server_pid) : Usage();
    Usage ours = Usage::of_this_process();
    std::uint64_t begin = now();
    bool counted = options.requests > 0;
    clients.run(counted ? ~std::uint64_t{0} : begin + static_cast<std::uint64_t>(options.seconds * 1e9));
    double seconds = static_cast<double>(now() - begin) / 1e9;
    if (stopped()) {
        throw Interrupted();
    }
    ours = Usage::of_this_process() - ours;
    std::uint64_t accepted = clients.times().count();
    Report report;
    report.faults = clients.faults();
    Json json;
    json.put("mode", options.name)
        .put("at_a_time", std::uint64_t{options.connections()})
        .put("size", std::uint64_t{options.groups[0].size})
        .put("close", options.reset_close ? "reset" : "fin")
        .put("seconds", seconds)
        .put("accepts", accepted)
        .put("accepts_per_second", static_cast<double>(accepted) / seconds)
        .put("latency_us", latency_json(clients.times()));
    report.faults.put_into(json);
    json.put("load", usage_json(ours, seconds));
    if (watched) {
        servers = Usage::of(options.server_pid) - servers;
        json.put("server", usage_json(servers, seconds));
        if (accepted > 0) {
            json.put("server_cpu_us_per_accept", servers.cpu * 1e6 / static_cast<double>(accepted))
                .put("load_cpu_us_per_accept", ours.cpu * 1e6 / static_cast<double>(accepted));
        }
    }
    report.line = json.text();
    return report;
}

}  // namespace load
