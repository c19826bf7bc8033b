/// \file
/// `support::oneshot`: oneshot channels whose state is stepped, so that a test plays what the other thread does after each
/// access to it.
#pragma once

#include <rt/budget.hpp>
#include <rt/channel_end.hpp>
#include <rt/future.hpp>
#include <rt/outcome.hpp>
#include <rt/recycled.hpp>
#include <rt/sync.hpp>
#include <rt/waker.hpp>
#include <rt/waker_slot.hpp>
#include <support/stepped_atomic.hpp>

#include <type_traits>

template <class T>
    requires std::is_enum_v<T>
inline constexpr bool support::is_stepped<T> = true;
template <>
inline constexpr bool support::is_stepped<int> = true;  // the number of ends

#define Atomic SteppedAtomic
#define oneshot stepped_oneshot
#include <rt/oneshot.hpp>
#undef Atomic
#undef oneshot

namespace support {

namespace oneshot = rt::stepped_oneshot;

}  // namespace support
