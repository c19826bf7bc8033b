/// \file
/// Given: `rt::dump()`, which says in words what each task and each thread does right now and what is wrong with it.
///
///     task 2, spawned at 10-spawn/main.cpp:31
///         polled 4 times, last Pending; wakers: 1 held (3 made, 2 gone)
///         woken 3 times, last 2.0 s ago, on the main thread, in a poll of task 1
///         => queued for 2.0 s, but not polled: the main thread has been in the poll of task 1 for 2.0 s
///     the main thread: in the poll of task 1 for 2.0 s, on the processor
///
/// The report is read off the record (record.hpp). A debug build of any program of the course keeps the record, and so does
/// any build that is started with RT_RECORD=1. In such a program SIGUSR1 prints the report too, even while the runtime's
/// thread blocks or spins. If every thread sleeps until another unparks it and no thread is left to do so, the program
/// prints the report without being asked.
///
/// Thread safety: any thread may call these functions at any time, because they take no lock that the runtime takes.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>

namespace rt {

/// Prints the report on stderr. Called by a program that asks for the report, and when SIGUSR1 arrives.
void dump();

/// The report on all unfinished tasks and on all threads but the caller. It looks at each task twice, `pause` apart. A
/// task that changed between the two looks makes progress, so the report doesn't judge it. The report shows at most
/// `at_most` tasks.
std::string dump_text(std::chrono::milliseconds pause = std::chrono::milliseconds(100), std::size_t at_most = 50);

/// Starts the record, and a thread that prints the report when SIGUSR1 arrives or when the program has stopped for good.
/// Called once, before there are other threads.
void dump_on_signal();

}  // namespace rt
