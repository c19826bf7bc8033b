#include "process.hpp"

#include "stop.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

#include <sys/resource.h>
#include <unistd.h>

namespace load {

namespace {

double seconds_of(const timespec& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}
double seconds_of(const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

double clock_seconds(clockid_t clock) {
    timespec time{};
    clock_gettime(clock, &time);
    return seconds_of(time);
}

std::string proc(pid_t pid, std::string_view file) { return "/proc/" + std::to_string(pid) + "/" + std::string(file); }

std::runtime_error gone(pid_t pid) {
    return std::runtime_error("the server (process " + std::to_string(pid) + ") is not there any more");
}

/// The text of one of the kernel's small files; empty if it cannot be read.
std::string text_of(const std::string& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

/// The number after `key` in lines like "Rss:   1776 kB"; 0 if there is none.
std::uint64_t number_after(std::string_view text, std::string_view key) {
    std::size_t at = text.rfind("\n" + std::string(key));
    if (at == std::string_view::npos) {
        return 0;
    }
    at = text.find_first_of("0123456789", at + 1 + key.size());
    std::uint64_t number = 0;
    if (at != std::string_view::npos) {
        std::from_chars(text.data() + at, text.data() + text.size(), number);
    }
    return number;
}

}  // namespace

Usage Usage::of(pid_t pid) {
    clockid_t clock{};
    if (clock_getcpuclockid(pid, &clock) != 0) {
        throw gone(pid);
    }
    Usage usage;
    usage.cpu = clock_seconds(clock);
    std::string stat = text_of(proc(pid, "stat"));
    std::size_t after_name = stat.rfind(')');  // the name may hold blanks
    if (after_name == std::string::npos) {
        throw gone(pid);
    }
    std::istringstream fields(stat.substr(after_name + 1));
    std::string skipped;
    for (int field = 3; field < 14; ++field) {
        fields >> skipped;
    }
    double tick = 1.0 / static_cast<double>(sysconf(_SC_CLK_TCK));
    double user = 0;
    double system = 0;
    fields >> user >> system;
    usage.user = user * tick;
    usage.system = system * tick;
    std::error_code error;
    for (const auto& thread : std::filesystem::directory_iterator(proc(pid, "task"), error)) {
        std::string status = text_of(thread.path() / "status");
        usage.voluntary += number_after(status, "voluntary_ctxt_switches:");
        usage.involuntary += number_after(status, "nonvoluntary_ctxt_switches:");
    }
    return usage;
}

Usage Usage::of_this_process() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    Usage result;
    result.cpu = clock_seconds(CLOCK_PROCESS_CPUTIME_ID);
    result.user = seconds_of(usage.ru_utime);
    result.system = seconds_of(usage.ru_stime);
    result.voluntary = static_cast<std::uint64_t>(usage.ru_nvcsw);
    result.involuntary = static_cast<std::uint64_t>(usage.ru_nivcsw);
    return result;
}

Usage Usage::operator-(const Usage& begin) const {
    Usage used = *this;
    used.cpu -= begin.cpu;
    used.user -= begin.user;
    used.system -= begin.system;
    // A thread that has ended took its count along: then the sum may have fallen.
    used.voluntary -= std::min(used.voluntary, begin.voluntary);
    used.involuntary -= std::min(used.involuntary, begin.involuntary);
    return used;
}

Json usage_json(const Usage& used, double seconds) {
    return Json()
        .put("cpu_s", used.cpu)
        .put("user_s", used.user)
        .put("system_s", used.system)
        .put("share", seconds > 0 ? used.cpu / seconds : 0)
        .put("voluntary_switches", used.voluntary)
        .put("involuntary_switches", used.involuntary);
}

Memory Memory::of(pid_t pid) {
    std::string rollup = text_of(proc(pid, "smaps_rollup"));
    if (rollup.empty()) {
        throw gone(pid);
    }
    Memory memory;
    memory.rss = number_after(rollup, "Rss:") * 1024;
    memory.pss = number_after(rollup, "Pss:") * 1024;
    memory.own = (number_after(rollup, "Private_Clean:") + number_after(rollup, "Private_Dirty:")) * 1024;
    memory.anonymous = number_after(rollup, "Anonymous:") * 1024;
    memory.peak = number_after(text_of(proc(pid, "status")), "VmHWM:") * 1024;
    return memory;
}

Json Memory::json() const {
    return Json().put("rss", rss).put("pss", pss).put("private", own).put("anonymous", anonymous).put("peak", peak);
}

void wait_until_quiet(pid_t pid, double seconds) {
    double deadline = clock_seconds(CLOCK_MONOTONIC) + seconds;
    double before = Usage::of(pid).cpu;
    while (clock_seconds(CLOCK_MONOTONIC) < deadline && !stopped()) {
        timespec pause{0, 60'000'000};
        nanosleep(&pause, nullptr);
        double now = Usage::of(pid).cpu;
        if (now - before < 20e-6) {  // reading its clock costs it nothing; a timer of its own may tick
            return;
        }
        before = now;
    }
}

}  // namespace load
