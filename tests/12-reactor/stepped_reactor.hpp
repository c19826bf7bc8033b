/// \file
/// `SteppedReactor`: the reactor over atomics that call the test after each access. So a test plays every order of two threads
/// on one thread, and needs no luck.
#pragma once

#include "stepped_readiness.hpp"

#include <rt/park.hpp>
#include <rt/scheduler.hpp>
#include <rt/sync.hpp>
#include <rt/sys.hpp>
#include <rt/trace.hpp>
#include <rt/waker_slot.hpp>
#include <support/stepped_atomic.hpp>

template <>
inline constexpr bool support::is_stepped<int> = true;

#define Atomic SteppedAtomic
#define ReadinessWord SteppedReadinessWord
#define IoRecord SteppedIoRecord
#define IoTable SteppedIoTable
#define Registration SteppedRegistration
#define Reactor SteppedReactor
#include <rt/io_table.hpp>
#include <rt/reactor.hpp>
#undef Atomic
#undef ReadinessWord
#undef IoRecord
#undef IoTable
#undef Registration
#undef Reactor
