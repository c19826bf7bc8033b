/// \file
/// `SteppedDeque`: the queue of a worker over atomics that call the test after each access. So a test plays every order of
/// two threads on one thread, and needs no luck.
#pragma once

#include <rt/injection.hpp>
#include <rt/runnable.hpp>
#include <rt/sync.hpp>
#include <rt/task_list.hpp>
#include <support/stepped_atomic.hpp>

#include <cstdint>

template <>
inline constexpr bool support::is_stepped<std::uint64_t> = true;
template <>
inline constexpr bool support::is_stepped<rt::Task*> = true;

#define Atomic SteppedAtomic
#define Deque SteppedDeque
#include <rt/deque.hpp>
#undef Atomic
#undef Deque
