/// \file
/// How the record becomes sentences.
#include <observe/dump.hpp>

#include <observe/record.hpp>
#include <observe/record_table.hpp>
#include <observe/sys_observe.hpp>
#include <observe/verdict.hpp>
#include <rt/print.hpp>
#include <rt/sync.hpp>
#include <rt/trace.hpp>
#include <rt/violation.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <fmt/format.h>

namespace rt {

namespace {

using namespace record;

/// The last folder and the file of `path`, such as 10-spawn/main.cpp.
std::string_view short_path(std::string_view path) noexcept {
    std::size_t const file = path.rfind('/');
    std::size_t const folder = file == path.npos || file == 0 ? path.npos : path.rfind('/', file - 1);
    return folder == path.npos ? path : path.substr(folder + 1);
}

std::string times(std::uint64_t n) {
    return n == 0 ? "never" : n == 1 ? "once" : n == 2 ? "twice" : fmt::format("{} times", n);
}

std::string about_polls(const TaskRow& row) {
    std::string const text = "polled " + times(row.polls.load(relaxed));
    switch (row.last_result.load(relaxed)) {
        case 1: return text + ", last Ready";
        case 0: return text + ", last Pending";
        case -1: return text + ", last an exception";
        default: return text;
    }
}

std::string about_wakers(const TaskRow& row) {
    if constexpr (!checks_enabled) {
        return "";
    }
    std::int64_t const made = row.clones.load(relaxed);
    std::int64_t const gone = row.drops.load(relaxed);
    return fmt::format("; wakers: {} held ({} made, {} gone)", made - gone, made, gone);
}

/// How often, when, and from where it was woken.
std::string about_wakes(const TaskRow& row, const std::vector<const TaskRow*>& tasks, std::int64_t time) {
    if (row.wakes.load(relaxed) == 0) {
        return "never woken";
    }
    std::string text = fmt::format("woken {}, last {:.1f} s ago", times(row.wakes.load(relaxed)),
                                   seconds_since(row.woken_at.load(relaxed), time));
    for (const ThreadRow& thread : record::detail::thread_rows) {
        if (thread.id.load(relaxed) != 0 && thread.number.load(relaxed) == row.woken_on.load(relaxed)) {
            text += ", on " + name_of(thread);
        }
    }
    unsigned const by = row.woken_by.load(relaxed);
    if (by == row.id.load(relaxed)) {
        return text + ", in its own poll";
    }
    if (by != 0) {
        std::string name = fmt::format("task {}", by);
        for (const TaskRow* other : tasks) {
            name = other->id.load(relaxed) == by ? name_of(*other) : name;
        }
        return text + ", in a poll of " + name;
    }
    const char* const cause = row.cause.load(relaxed);
    return cause == nullptr ? text : fmt::format("{}, by {}", text, cause);
}

std::string about(const TaskRow& row, const std::vector<const TaskRow*>& tasks, const TwoLooks& looks) {
    What const what = row.what.load(relaxed);
    std::string text = name_of(row);
    if (const char* file = row.file.load(relaxed)) {
        text += fmt::format(", spawned at {}:{}", short_path(file), row.line.load(relaxed));
    }
    text += "\n    " + about_polls(row);
    if (what == What::task || what == What::mock) {
        text += fmt::format("{}\n    {}", about_wakers(row), about_wakes(row, tasks, now()));
    }
    std::string const verdict = verdict_between(row, looks);
    return text + (verdict.empty() ? "\n" : fmt::format("\n    => {}\n", verdict));
}

std::string about(const ThreadSeen& thread) {
    const char* const processor = thread.is_on_processor ? "on the processor" : "in a call that blocks";
    if (thread.is_asking()) {
        return "";
    }
    if (thread.has_changed) {
        return fmt::format("{}: at work\n", thread.name);
    }
    if (std::int64_t const unparked_at = thread.row->unparked_at.load(relaxed);
        unparked_at != 0 && !thread.is_on_processor) {
        return fmt::format(
            "{}: unparked {:.1f} s ago, and still asleep\n"
            "    => either it sleeps without a look at its token, or unpark does not notify it\n",
            thread.name, seconds_since(unparked_at, now()));
    }
    if (!thread.is_parked && thread.polls == nullptr) {
        return fmt::format("{}: outside of all polls, {}\n", thread.name, processor);
    }
    if (!thread.is_parked) {
        return fmt::format("{}: in the poll of {} for {:.1f} s, {}\n", thread.name, name_of(*thread.polls),
                           thread.seconds, processor);
    }
    if (thread.is_on_processor && (thread.park_value & trace::sees_kernel) == 0) {
        return fmt::format(
            "{}: announced {:.1f} s ago that it sleeps{}, but it is running\n"
            "    => the loop around its sleep spins. {}?\n",
            thread.name, thread.seconds, thread.sleeps_for_good() ? "" : " until a deadline",
            thread.sleeps_for_good() ? "Does it wait in there" : "Does it end when the deadline has come");
    }
    constexpr std::int64_t has_ended = 8;
    return fmt::format(
        "{}: asleep for {:.1f} s, until {}unparked{}\n", thread.name, thread.seconds,
        (thread.park_value & trace::has_deadline) != 0  ? "a deadline comes, or it is "
        : (thread.park_value & trace::sees_kernel) != 0 ? "a descriptor is ready, or it is "
                                                        : "",
        (thread.row->io_flags.load(relaxed) & has_ended) != 0
            ? "\n    => the kernel has reported that a descriptor ended or failed. Has it been read since?"
            : "");
}

/// Flushes what the program has printed. Skips that if another thread, which may hang, holds the lock of stdout.
void show_output() noexcept {
    if (ftrylockfile(stdout) == 0) {
        std::fflush(stdout);
        funlockfile(stdout);
    }
}

}  // namespace

std::string dump_text(std::chrono::milliseconds pause, std::size_t at_most) {
    if (!record::is_kept()) {
        return "nothing is recorded. Use a debug build, or start the program with RT_RECORD=1.\n";
    }
    record::TwoLooks const looks = record::look_twice(pause);
    std::vector<const record::TaskRow*> const tasks = record::all_tasks();
    std::string text;
    for (std::size_t i = 0; i < tasks.size() && i < at_most; ++i) {
        text += about(*tasks[i], tasks, looks);
    }
    std::uint64_t const unknown = record::detail::without_room.load(relaxed);
    if (std::uint64_t const more = (tasks.size() > at_most ? tasks.size() - at_most : 0) + unknown; more != 0) {
        text += fmt::format("and {} more tasks\n", more);
    }
    for (const record::ThreadSeen& thread : looks.threads) {
        text += about(thread);
    }
    if (record::detail::paused_clocks.load(relaxed) > 0) {
        text +=
            "a clock is paused (rt::time::pause): when all tasks wait, it jumps to the next timer, even if they wait for "
            "sockets\n";
    }
    return text;
}

void dump() {
    std::string const text = dump_text();
    std::fprintf(stderr, "rt: %s\n%s",
                 text.empty() ? "there is no task" : "what each task and thread does:", text.c_str());
    std::fflush(stderr);
    show_output();
}

void dump_on_signal() {
    static sys::Semaphore asked;
    record::start();
    sys::on_signal(sys::report_signal, [](int) { asked.post(); });
    auto watch = [] {
        sys::block_all_signals();
        for (int quiet_looks = 0;;) {
            if (asked.wait_a_second() >= 0) {
                dump();
            } else if (!record::all_sleep_for_good(1)) {
                quiet_looks = 0;
            } else if (++quiet_looks == 2) {
                std::fprintf(stderr, "rt: %s. Press Ctrl-C to end the program.\n", record::nobody_is_left);
                dump();
            }
        }
    };
    try {
        Thread(watch).detach();
    } catch (const std::system_error& error) {
        eprintln("rt: there is no report on SIGUSR1: {}", error.what());
    }
}

}  // namespace rt
