/// \file
/// `SteppedTaskState`: the state word over an atomic that calls the test after each access. So a test plays every order of two
/// threads on one thread, and needs no luck.
#pragma once

#include <rt/sync.hpp>
#include <support/stepped_atomic.hpp>

#define Atomic SteppedAtomic
#define TaskState SteppedTaskState
#include <rt/task_state.hpp>
#undef Atomic
#undef TaskState
