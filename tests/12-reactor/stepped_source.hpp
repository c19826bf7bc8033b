/// \file
/// `SteppedIoSource`: an IoSource whose readiness word calls the test after each access.
#pragma once

#include "stepped_reactor.hpp"

#include <rt/budget.hpp>
#include <rt/future.hpp>
#include <rt/print.hpp>
#include <rt/scheduler.hpp>
#include <rt/sys.hpp>
#include <rt/violation.hpp>

#define ReadinessWord SteppedReadinessWord
#define IoRecord SteppedIoRecord
#define Registration SteppedRegistration
#define Reactor SteppedReactor
#define IoSource SteppedIoSource
#include <rt/io_source.hpp>
#undef ReadinessWord
#undef IoRecord
#undef Registration
#undef Reactor
#undef IoSource
