/// \file
/// `SteppedReadinessWord`: the readiness word over an atomic that calls the test after each access. So a test plays every order
/// of two threads on one thread, and needs no luck.
#pragma once

#include <rt/sync.hpp>
#include <rt/sys.hpp>
#include <support/stepped_atomic.hpp>

namespace rt {
class Readiness;
}

template <>
inline constexpr bool support::is_stepped<rt::Readiness> = true;

#define Atomic SteppedAtomic
#define ReadinessWord SteppedReadinessWord
#include <rt/readiness.hpp>
#undef Atomic
#undef ReadinessWord
