/// \file
/// How verdicts are read off the record.
#include <observe/sys_observe.hpp>
#include <observe/verdict.hpp>

#include <observe/record_table.hpp>
#include <rt/sync.hpp>
#include <rt/violation.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <fmt/format.h>

namespace rt::record {

double seconds_since(std::int64_t time, std::int64_t now) noexcept {
    return time == 0 || time > now ? 0 : static_cast<double>(now - time) / 1e9;
}

std::string name_of(const ThreadRow& row) {
    int const number = row.role_number.load(relaxed);
    const char* const role = row.role.load(relaxed);
    return row.id.load(relaxed) == sys::process_id() ? "the main thread"
           : role == nullptr                         ? fmt::format("thread {}", row.number.load(relaxed))
           : number == 0                             ? role
                                                     : fmt::format("{} {}", role, number);
}

std::string name_of(const TaskRow& row) {
    What const what = row.what.load(relaxed);
    std::string const name = row.name.get().data();
    std::string const number = what == What::task   ? fmt::format("task {}", row.id.load(relaxed))
                               : what == What::main ? "block_on's future"
                                                    : "";
    return name.empty() ? number : number.empty() ? name : fmt::format("{} ({})", number, name);
}

std::vector<const TaskRow*> all_tasks() {
    std::vector<const TaskRow*> rows;
    for (const TaskRow& row : detail::task_rows) {
        if (row.subject.load(relaxed) != nullptr) {
            rows.push_back(&row);
        }
    }
    std::sort(rows.begin(), rows.end(),
              [](const TaskRow* a, const TaskRow* b) { return a->id.load(relaxed) < b->id.load(relaxed); });
    return rows;
}

namespace {

TaskCounts counts_of(const TaskRow& row) noexcept {
    return {row.id.load(relaxed),         row.polls.load(relaxed),    row.wakes.load(relaxed),
            row.self_wakes.load(relaxed), row.clones.load(relaxed),   row.drops.load(relaxed),
            row.queued_at.load(relaxed),  row.polled_by.load(relaxed)};
}

ThreadSeen look_at(const ThreadRow& row) {
    bool const is_parked = row.park.load(relaxed) != nullptr;
    const TaskRow* const task = row.polls.load(relaxed);
    std::int64_t const since = is_parked         ? row.parked_at.load(relaxed)
                               : task == nullptr ? 0
                                                 : task->polled_at.load(relaxed);
    return {&row,
            row.id.load(relaxed),
            name_of(row),
            task,
            is_parked,
            row.park_value.load(relaxed),
            since,
            seconds_since(since, now()),
            row.events.load(relaxed)};
}

}  // namespace

TwoLooks look_twice(std::chrono::milliseconds pause) {
    TwoLooks looks{{}, {}, pause};
    for (const TaskRow* row : all_tasks()) {
        looks.tasks.push_back(counts_of(*row));
    }
    for (const ThreadRow& row : detail::thread_rows) {
        if (row.id.load(relaxed) != 0) {
            looks.threads.push_back(look_at(row));
        }
    }
    auto heard_earlier = [](const ThreadSeen& a, const ThreadSeen& b) {
        return a.row->number.load(relaxed) < b.row->number.load(relaxed);
    };
    std::sort(looks.threads.begin(), looks.threads.end(), heard_earlier);
    std::vector<std::chrono::microseconds> used;
    for (ThreadSeen& thread : looks.threads) {
        thread.is_on_processor = sys::is_runnable(thread.id);
        used.push_back(sys::cpu_time_of_thread(thread.id));
    }
    if (pause.count() != 0 && !used.empty()) {
        Mutex mutex;
        Condvar nobody_notifies;
        Lock lock(mutex);
        nobody_notifies.wait_for(lock, pause);
        for (std::size_t i = 0; i < used.size(); ++i) {
            ThreadSeen& thread = looks.threads[i];
            bool const has_worked = sys::cpu_time_of_thread(thread.id) - used[i] > pause / 5;
            thread.is_on_processor = has_worked || (thread.is_on_processor && sys::is_runnable(thread.id));
            ThreadSeen const second = look_at(*thread.row);
            bool const is_between_polls = !second.is_parked && second.polls == nullptr;
            thread.has_changed = second.since != thread.since || second.polls != thread.polls ||
                                 (is_between_polls && second.events != thread.events);
        }
    }
    return looks;
}

namespace {

/// The end of a sentence: which thread polls the task of `row`.
std::string who_polls(const TaskRow& row, const std::vector<ThreadSeen>& threads) {
    for (const ThreadSeen& thread : threads) {
        if (thread.row == row.polled_by.load(relaxed) && thread.is_parked) {
            return fmt::format(": {} sleeps in it, so this thread's other tasks wait", thread.name);
        }
        if (thread.row == row.polled_by.load(relaxed)) {
            return fmt::format(": {} is {} in it, so this thread's other tasks wait", thread.name,
                               thread.is_on_processor ? "running" : "blocked");
        }
    }
    return "";
}

/// Why no thread takes a task out of its queue.
std::string who_is_in_the_way(const std::vector<ThreadSeen>& threads) {
    std::string text;
    bool all_sleep = true;
    for (const ThreadSeen& thread : threads) {
        all_sleep = all_sleep && thread.is_parked;
        if (thread.polls != nullptr && !thread.has_changed) {
            text += fmt::format("{}{} has been in the poll of {} for {:.1f} s", text.empty() ? "" : ", and ",
                                thread.name, name_of(*thread.polls), thread.seconds);
        }
    }
    return !text.empty() ? text
           : all_sleep   ? "every thread sleeps. Unpark one after you queue a task"
                         : "no thread has taken it";
}

Verdict verdict_on_remote(const TaskRow& row) {
    if (row.is_woken.load(relaxed)) {
        return {"done, and the waker of its last poll was woken, but it was not polled again"};
    }
    if (row.polls.load(relaxed) == 0) {
        return {"never polled"};
    }
    return {row.clones.load(relaxed) > row.drops.load(relaxed) ? "not done yet. It holds a waker" : "not done yet"};
}

/// How many events all threads have announced.
std::uint64_t announced() noexcept {
    std::uint64_t events = 0;
    for (const ThreadRow& row : detail::thread_rows) {
        events += row.events.load(acquire);
    }
    return events;
}

}  // namespace

bool all_sleep_for_good(int watching) noexcept {
    std::uint64_t const before = announced();
    int asleep = 0;
    for (const ThreadRow& row : detail::thread_rows) {
        int const id = row.id.load(relaxed);
        bool const is_parked = id != 0 && row.park.load(acquire) != nullptr && row.park_value.load(acquire) == 0;
        if (is_parked && sys::is_runnable(id)) {
            return false;
        }
        asleep += is_parked;
    }
    // The threads were looked at one by one. A thread that woke another one meanwhile and then went to sleep has announced
    // that, so the counts differ.
    return asleep != 0 && sys::thread_count() == asleep + watching && announced() == before;
}

Verdict verdict_on(const TaskRow& row, const std::vector<ThreadSeen>& threads) {
    std::int64_t const time = now();
    What const what = row.what.load(relaxed);
    bool const is_woken = row.is_woken.load(relaxed);
    std::int64_t const held = row.clones.load(relaxed) - row.drops.load(relaxed);
    if (what == What::remote) {
        return verdict_on_remote(row);
    }
    if (ThreadRow* const thread = row.polled_by.load(relaxed)) {
        if (thread == detail::my_row) {
            return {"asks for this report"};
        }
        return {fmt::format("its poll has not returned for {:.1f} s{}",
                            seconds_since(row.polled_at.load(relaxed), time), who_polls(row, threads))};
    }
    if (std::int64_t const queued_at = row.queued_at.load(relaxed)) {
        return {fmt::format("queued for {:.1f} s, but not polled: {}", seconds_since(queued_at, time),
                            who_is_in_the_way(threads))};
    }
    if (what == What::main) {
        return {"waits"};
    }
    if (what == What::task && checks_enabled && (is_woken || row.is_aborted.load(relaxed))) {
        return {fmt::format("{}, but never queued. Hand its Runnable to schedule()", is_woken ? "woken" : "aborted"),
                true};
    }
    if (row.polls.load(relaxed) == 0) {
        return {what == What::mock || !checks_enabled ? "not polled yet" : "never polled, and never queued"};
    }
    if (row.last_result.load(relaxed) != 0) {
        return {what == What::mock ? "finished" : ""};
    }
    if (is_woken) {
        return {"woken, but not polled since"};
    }
    if constexpr (!checks_enabled) {
        return {"waits (a debug build knows whether a waker is held)"};
    }
    if (held <= 0) {
        // This is no proof for a task, because the owner of its handle may abort it. A task without a handle reports
        // itself (lesson 09).
        return {fmt::format("returned Pending but kept no waker, so nothing can wake it{}",
                            what == What::task ? ". Only an abort can end it" : "")};
    }
    return {fmt::format("waits: {} held, but nothing has woken it since its last poll",
                        held == 1 ? "one waker is" : fmt::format("{} wakers are", held))};
}

std::string verdict_between(const TaskRow& row, const TwoLooks& looks) {
    TaskCounts const second = counts_of(row);
    auto const first = std::ranges::lower_bound(looks.tasks, second.id, {}, &TaskCounts::id);
    if (first == looks.tasks.end() || first->id != second.id) {
        return "";  // it was spawned after the first look
    }
    if (second == *first) {
        return verdict_on(row, looks.threads).text;
    }
    std::uint64_t const polls = second.polls - first->polls;
    double const in_a_second = static_cast<double>(polls) / std::chrono::duration<double>(looks.pause).count();
    if (in_a_second > 1000 && (second.self_wakes - first->self_wakes) * 10 > polls * 9) {
        return fmt::format("busy loop: {:.0f} polls in a second, and in each it wakes itself", in_a_second);
    }
    return "";
}

}  // namespace rt::record
