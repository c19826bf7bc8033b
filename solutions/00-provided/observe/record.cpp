/// \file
/// How the record listens: each event of trace.hpp changes the row of a task or of a thread.
#include <observe/record.hpp>

#include <observe/record_table.hpp>
#include <observe/sys_observe.hpp>
#include <rt/sync.hpp>
#include <rt/trace.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace rt::record {

TaskRow* begin(const void* subject, What what, const char* name) noexcept {
    TaskRow* row = detail::find(subject);
    for (std::size_t i = 0; row == nullptr && i < detail::probes; ++i) {
        const void* nobody = nullptr;
        TaskRow& probed = detail::probe(subject, i);
        if (probed.subject.compare_exchange_strong(nobody, subject, relaxed)) {
            row = &probed;
        }
    }
    if (row == nullptr) {
        detail::add(detail::without_room);
        return nullptr;
    }
    detail::clear(*row);
    row->what.store(what, relaxed);
    row->name.set(name);
    row->id.store((what == What::task ? detail::last_task_id : detail::last_other_id).fetch_add(1, relaxed) + 1,
                  relaxed);
    return row;
}

void end(const void* subject) noexcept {
    if (TaskRow* row = detail::find(subject)) {
        row->subject.store(nullptr, relaxed);
    }
}

void begin_poll(TaskRow& row) noexcept {
    ThreadRow* thread = detail::this_thread();
    std::int64_t const time = now();
    detail::add(row.polls);
    row.is_woken.store(false, relaxed);
    row.is_aborted.store(false, relaxed);
    row.queued_at.store(0, relaxed);
    row.polled_at.store(time, relaxed);
    row.polled_by.store(thread, relaxed);
    if (thread != nullptr) {
        row.outer.store(thread->polls.exchange(&row, relaxed), relaxed);
        thread->cause.store(nullptr, relaxed);
    }
}

void end_poll(TaskRow& row, std::int64_t result) noexcept {
    row.last_result.store(static_cast<int>(result), relaxed);
    row.polled_by.store(nullptr, relaxed);
    if (ThreadRow* thread = detail::this_thread()) {
        thread->polls.store(row.outer.load(relaxed), relaxed);
    }
}

namespace {

using detail::add, detail::find, detail::thread_rows, detail::used_thread_rows;

void wake(TaskRow& row) noexcept {
    detail::add(row.wakes);
    row.woken_at.store(now(), relaxed);
    row.woken_by.store(0, relaxed);
    if (ThreadRow* thread = detail::this_thread()) {
        TaskRow* const by = thread->polls.load(relaxed);
        if (by == &row) {
            detail::add(row.self_wakes);
        }
        row.woken_by.store(by == nullptr ? 0 : by->id.load(relaxed), relaxed);
        row.woken_on.store(thread->number.load(relaxed), relaxed);
        row.cause.store(thread->cause.load(relaxed), relaxed);
    }
    row.is_woken.store(true, relaxed);
}

/// Changes the row of the thread on which the event happens.
void hear_of_thread(ThreadRow& thread, const trace::Event& event) noexcept {
    using trace::Kind;
    add(thread.events);
    const void* const slept_in = thread.park.exchange(nullptr, relaxed);
    thread.unparked_at.store(0, relaxed);
    switch (event.kind) {
        case Kind::park:
            thread.park_value.store(event.value, relaxed);
            // A signal, such as the one that asks for a report, interrupts a sleep. The sleep that follows continues it.
            if (event.subject != slept_in) {
                thread.parked_at.store(now(), relaxed);
            }
            thread.park.store(event.subject, relaxed);
            break;
        case Kind::unpark:
            for (std::size_t i = 0; i < used_thread_rows.load(relaxed); ++i) {
                const void* parked = event.subject;
                if (thread_rows[i].park.load(relaxed) == parked &&
                    thread_rows[i].park.compare_exchange_strong(parked, nullptr, relaxed)) {
                    thread_rows[i].unparked_at.store(now(), relaxed);
                }
            }
            break;
        case Kind::timer_fire: thread.cause.store("a timer", relaxed); break;
        case Kind::io_ready:
            thread.cause.store("the kernel", relaxed);
            thread.io_flags.store(event.value, relaxed);
            break;
        case Kind::thread:
            thread.role_number.store(static_cast<int>(event.value), relaxed);
            thread.role.store(event.text, relaxed);
            break;
        case Kind::name:
            if (TaskRow* row = thread.polls.load(relaxed); row != nullptr && row->what.load(relaxed) == What::task) {
                row->name.set(event.text);
            }
            break;
        case Kind::part_begin:
            if (thread.polls.load(relaxed) == nullptr && std::strcmp(event.text, "block_on") == 0) {
                if (TaskRow* row = find(event.subject); row != nullptr || (row = begin(event.subject, What::main))) {
                    begin_poll(*row);
                }
            }
            break;
        default: break;
    }
}

void hear_of_task(TaskRow& row, const trace::Event& event) noexcept {
    using trace::Kind;
    switch (event.kind) {
        case Kind::poll_begin: begin_poll(row); break;
        case Kind::poll_end:
        case Kind::part_end:
            end_poll(row, event.value);
            if (event.value != 0) {
                end(event.subject);
            }
            break;
        case Kind::wake: wake(row); break;
        case Kind::queue: row.queued_at.store(now(), relaxed); break;
        case Kind::abort: row.is_aborted.store(true, relaxed); break;
        case Kind::drop: end(event.subject); break;
        case Kind::waker_clone: add(row.clones, std::int64_t{1}); break;
        case Kind::waker_drop: add(row.drops, std::int64_t{1}); break;
        default: break;
    }
}

/// True if the subject may be a task. Other events have no row to look for.
bool is_of_a_task(trace::Kind kind) noexcept {
    using trace::Kind;
    switch (kind) {
        case Kind::poll_begin:
        case Kind::poll_end:
        case Kind::part_end:
        case Kind::wake:
        case Kind::abort:
        case Kind::drop:
        case Kind::queue:
        case Kind::waker_clone:
        case Kind::waker_drop: return true;
        default: return false;
    }
}

/// Called by trace::emit.
void hear(const trace::Event& event) noexcept {
    if (ThreadRow* thread = detail::this_thread()) {
        hear_of_thread(*thread, event);
    }
    if (event.kind == trace::Kind::spawn) {
        if (TaskRow* row = begin(event.subject, What::task); row != nullptr && event.value != 0) {
            row->file.store(event.text, relaxed);
            row->line.store(event.value, relaxed);
        }
    } else if (event.kind == trace::Kind::clock) {
        detail::paused_clocks.fetch_add(static_cast<int>(event.value), relaxed);
    } else if (is_of_a_task(event.kind)) {
        if (TaskRow* row = find(event.subject)) {
            hear_of_task(*row, event);
        }
    }
}

}  // namespace

void hear_of(TaskRow& row, trace::Kind kind) noexcept { hear_of_task(row, {kind, nullptr, 0, nullptr}); }

void start() noexcept {
    detail::this_thread();  // the first is the main thread
    if (!detail::is_on.exchange(true, relaxed)) {
        trace::listen(&hear);
    }
}

bool is_kept() noexcept { return detail::is_on.load(relaxed); }

void forget() noexcept {
    for (TaskRow& row : detail::task_rows) {
        row.subject.store(nullptr, relaxed);
    }
    detail::last_task_id.store(0, relaxed);
    detail::without_room.store(0, relaxed);
}

void forget_other_threads() noexcept {
    for (ThreadRow& row : detail::thread_rows) {
        row.id.store(&row == detail::my_row ? sys::thread_id() : 0, relaxed);
    }
}

}  // namespace rt::record
