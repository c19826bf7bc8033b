#include "process.hpp"

#include "stream.hpp"

#include <csignal>
#include <cstdint>
#include <ctime>
#include <fstream>
#include <stdexcept>
#include <string>
#include <utility>

#include <sys/types.h>

namespace load {

namespace {

volatile std::sig_atomic_t signal_seen = 0;

void on_signal(int) { signal_seen = 1; }

std::runtime_error gone(pid_t pid) {
    return std::runtime_error("the server (process " + std::to_string(pid) + ") is not there any more");
}

double seconds_of(clockid_t clock) {
    timespec time{};
    clock_gettime(clock, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

}  // namespace

double cpu_seconds(pid_t pid) {
    clockid_t clock{};
    if (clock_getcpuclockid(pid, &clock) != 0) {
        throw gone(pid);
    }
    return seconds_of(clock);
}

double own_cpu_seconds() { return seconds_of(CLOCK_PROCESS_CPUTIME_ID); }

std::uint64_t settled_memory(pid_t pid) {
    std::uint64_t deadline = now() + 2'000'000'000;
    double before = -1;
    double used = cpu_seconds(pid);
    while (used - before > 20e-6 && now() < deadline && !stopped()) {  // a timer of its own may tick
        timespec pause{0, 60'000'000};
        nanosleep(&pause, nullptr);
        before = std::exchange(used, cpu_seconds(pid));
    }
    std::ifstream rollup("/proc/" + std::to_string(pid) + "/smaps_rollup");
    std::uint64_t kilobytes = 0;
    for (std::string word; rollup >> word;) {
        std::uint64_t value = 0;
        if (word.starts_with("Private_") && rollup >> value) {
            kilobytes += value;
        }
    }
    if (kilobytes == 0) {
        throw gone(pid);
    }
    return kilobytes * 1024;
}

void catch_signals() {
    struct sigaction action{};
    action.sa_handler = on_signal;
    action.sa_flags = static_cast<int>(SA_RESETHAND);  // no SA_RESTART: a sleeping call returns
    sigaction(SIGINT, &action, nullptr);
    sigaction(SIGTERM, &action, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
}

bool stopped() { return signal_seen != 0; }

}  // namespace load
