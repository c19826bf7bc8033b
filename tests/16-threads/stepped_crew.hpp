/// \file
/// `SteppedCrew` and `SteppedWorker`: a worker whose queue and whose counts call the test after each access. A test runs such a
/// worker on its own thread, and plays the other workers by hand.
#pragma once

#include "stepped_deque.hpp"
#include "stepped_idle.hpp"

#include <rt/block_on.hpp>
#include <rt/budget.hpp>
#include <rt/injection.hpp>
#include <rt/park.hpp>
#include <rt/runnable.hpp>
#include <rt/scheduler.hpp>
#include <rt/sync.hpp>
#include <rt/sys.hpp>
#include <rt/task_list.hpp>
#include <rt/trace.hpp>
#include <rt/worker_park.hpp>

#define Deque SteppedDeque
#define Idle SteppedIdle
#define Remote SteppedRemote
#define Crew SteppedCrew
#define Worker SteppedWorker
#include <rt/crew.hpp>
#include <rt/worker.hpp>
#undef Deque
#undef Idle
#undef Remote
#undef Crew
#undef Worker
