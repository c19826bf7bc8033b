/// \file
/// Given: verdicts, which say in words what is wrong with a task that makes no progress. No lesson uses them.
///
/// A verdict is read off the record (record.hpp). `rt::dump()` (dump.hpp) and the watchdog of the tests print it.
#pragma once

#include <observe/record_table.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace rt::record {

/// What a thread does, as `look_twice` saw it.
struct ThreadSeen {
    const ThreadRow* row;
    int id;  // the kernel's
    std::string name;
    const TaskRow* polls;  // null outside of all polls
    bool is_parked;
    std::int64_t park_value;
    std::int64_t since;    // when that poll or sleep began
    double seconds;        // since then
    std::uint64_t events;  // how many it has announced
    bool is_on_processor = false;
    bool has_changed = false;  // it was in another poll or sleep at the second look, or had been in one meanwhile

    /// True for the thread that asks for this report.
    bool is_asking() const noexcept { return row == detail::my_row; }
    /// True if the thread sleeps, and only another thread can end its sleep.
    bool sleeps_for_good() const noexcept { return is_parked && park_value == 0; }
};

/// What a task has done so far.
struct TaskCounts {
    unsigned id;
    std::uint64_t polls;
    std::uint64_t wakes;
    std::uint64_t self_wakes;
    std::int64_t clones;
    std::int64_t drops;
    std::int64_t queued_at;
    const ThreadRow* polled_by;

    bool operator==(const TaskCounts&) const = default;
};

/// All threads, and all tasks as they were at the first look.
struct TwoLooks {
    std::vector<TaskCounts> tasks;
    std::vector<ThreadSeen> threads;
    std::chrono::milliseconds pause;
};

/// What is wrong, and whether that is proved. A proved fault can't disappear on its own.
struct Verdict {
    std::string text;
    bool is_proof = false;
};

/// What is wrong if `all_sleep_for_good` returns true.
inline constexpr const char* nobody_is_left = "Deadlock: every thread sleeps, and none is left to unpark another";

/// True if every thread of the process sleeps until another thread unparks it. Then nothing will ever happen again.
/// `watching` is the number of threads that only watch the others. They don't count. A thread that has announced its sleep
/// but is running doesn't sleep.
bool all_sleep_for_good(int watching) noexcept;

/// The rows in use, in the order in which their tasks were spawned.
std::vector<const TaskRow*> all_tasks();

/// Looks at all tasks and threads twice, `pause` apart.
TwoLooks look_twice(std::chrono::milliseconds pause);

/// What is wrong with the task of `row`, if it makes no progress.
Verdict verdict_on(const TaskRow& row, const std::vector<ThreadSeen>& threads);

/// As `verdict_on`, from two looks. Empty if the task changed between them, because then it makes progress. A task that
/// only wakes itself again and again is still reported.
std::string verdict_between(const TaskRow& row, const TwoLooks& looks);

/// "the main thread", "worker 2", "thread 3".
std::string name_of(const ThreadRow& row);

/// "task 2", "task 2 (red)". A mock has its name alone.
std::string name_of(const TaskRow& row);

/// Seconds from `time` to `now`, both as of `record::now()`. 0 if `time` is 0 or in the future.
double seconds_since(std::int64_t time, std::int64_t now) noexcept;

}  // namespace rt::record
