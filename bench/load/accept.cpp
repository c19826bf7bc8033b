// The mode accept: connect, one message, its answer, the end; again and again, `connections` of them at a time.
//
// The client ends first, so a minute of TIME_WAIT is the client's address's, of which each run has many (see
// Stream::connect).
#include "json.hpp"
#include "modes.hpp"
#include "options.hpp"
#include "pattern.hpp"
#include "process.hpp"
#include "stream.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <sys/epoll.h>
#include <unistd.h>

namespace load {

namespace {

class Clients {
  public:
    explicit Clients(const Options& options)
        : options_(options), slots_(options.connections()), epoll_(epoll_create1(EPOLL_CLOEXEC)) {}
    Clients(const Clients&) = delete;
    Clients& operator=(const Clients&) = delete;
    ~Clients() { close(epoll_); }

    /// Until all connections that were ordered have ended, or `timeout` passes without any progress.
    void run() {
        for (Slot& slot : slots_) {
            open(slot);
        }
        std::array<epoll_event, 256> events;
        std::uint64_t last = now();
        while (active_ > 0 && !stopped()) {
            int n = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), 20);
            for (int i = 0; i < n; ++i) {
                on_event(slots_[events[static_cast<std::size_t>(i)].data.u32]);
                last = now();
            }
            if (static_cast<double>(now() - last) > options_.timeout * 1e9) {
                faults_.note("a connection got neither its answer nor its end");
                return;
            }
        }
    }

    std::uint64_t accepted() const { return accepted_; }
    const Faults& faults() const { return faults_; }

  private:
    struct Slot {
        Stream stream;
        bool ending = false;
    };

    void open(Slot& slot) {
        if (opened_ >= options_.requests || faults_.count > 0) {
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

    void on_event(Slot& slot) {
        slot.stream.flush(pattern_, faults_);
        slot.stream.receive(pattern_, buffer_, faults_);
        bool answered = slot.stream.is_open() && slot.stream.is_answered();
        if (answered && !slot.ending) {
            slot.ending = true;
            slot.stream.end_of_sending();
        }
        if (!slot.stream.is_open()) {
            --active_;
            ++accepted_;
            open(slot);
        }
    }

    const Options& options_;
    Pattern pattern_;
    std::vector<Slot> slots_;
    std::array<char, 64 * 1024> buffer_;
    Faults faults_;
    int epoll_;
    std::uint64_t opened_ = 0;
    std::uint64_t accepted_ = 0;  // and ended
    std::size_t active_ = 0;
};

}  // namespace

Report run_accept(const Options& options) {
    Clients clients(options);
    std::uint64_t begin = now();
    clients.run();
    double seconds = static_cast<double>(now() - begin) / 1e9;
    if (stopped()) {
        throw Interrupted();
    }
    Report report;
    report.faults = clients.faults();
    report.line = Json()
                      .put("accepts", clients.accepted())
                      .put("accepts_per_second", static_cast<double>(clients.accepted()) / seconds)
                      .text();
    return report;
}

}  // namespace load
