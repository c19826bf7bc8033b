/// \file
/// Given: the record, which keeps what each task and each thread has done while a program runs. No lesson uses it.
///
/// The record listens to the events of trace.hpp. It keeps counts, names, and the last wake of each task. `rt::dump()`
/// (dump.hpp) and the watchdog of the tests turn the record into sentences. A debug build keeps the record, and so does
/// every program that calls `start`.
///
/// Thread safety: tables of fixed size, of atomics that are stored relaxed. Any thread may write and any thread may read at any
/// time, even while another thread hangs. The record orders nothing between threads, so it hides no race from
/// ThreadSanitizer. A reader may see a value that is a moment old. While a row passes from one task to the next, a
/// reader may see values of both tasks in it.
#pragma once

#include <observe/record_table.hpp>
#include <rt/trace.hpp>

#include <cstdint>

namespace rt::record {

/// Begins to keep the record. It knows nothing of tasks that were spawned earlier. May be called again.
void start() noexcept;

/// True if the record is kept.
bool is_kept() noexcept;

/// Begins the row of `subject`. Returns null if the table is full. Called for each spawn, and by the mocks of the tests.
TaskRow* begin(const void* subject, What what, const char* name = "") noexcept;

/// Ends the row of `subject`, because the task has finished or the mock is destroyed.
void end(const void* subject) noexcept;

/// Notes that a poll begins on this thread, and how it ended (see trace::Kind::poll_end). Called by the mocks of the tests.
void begin_poll(TaskRow& row) noexcept;
void end_poll(TaskRow& row, std::int64_t result) noexcept;

/// Changes the row as an event of this kind would. Called by the mocks of the tests.
void hear_of(TaskRow& row, trace::Kind kind) noexcept;

/// Forgets all tasks. Called between two tests.
void forget() noexcept;

/// Forgets all threads but the caller. Called after a fork, because only the caller lives on in the child.
void forget_other_threads() noexcept;

}  // namespace rt::record
