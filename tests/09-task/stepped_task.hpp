/// \file
/// `SteppedTask` and all that belongs to it, over a state word that calls the test after each access. So a test ends a task, or
/// wakes it, at each moment of a call on its handle.
///
/// The headers are included a second time under other names, because other files of the same executable use the real ones.
#pragma once

#include "stepped_state.hpp"

#include <rt/budget.hpp>
#include <rt/future.hpp>
#include <rt/outcome.hpp>
#include <rt/recycled.hpp>
#include <rt/task_report.hpp>
#include <rt/trace.hpp>
#include <rt/violation.hpp>
#include <rt/waker_slot.hpp>

#define TaskState SteppedTaskState
#define Task SteppedTask
#define TaskOf SteppedTaskOf
#define TaskYielding SteppedTaskYielding
#define Schedule SteppedSchedule
#define Runnable SteppedRunnable
#define JoinHandle SteppedJoinHandle
#define Owned SteppedOwned
#define make_task make_stepped_task
#include <rt/task.hpp>
#undef TaskState
#undef Task
#undef TaskOf
#undef TaskYielding
#undef Schedule
#undef Runnable
#undef JoinHandle
#undef Owned
#undef make_task
