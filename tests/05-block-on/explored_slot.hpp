/// \file
/// `ExploredWakerSlot`: a WakerSlot whose atomics, locks, and waker the explorer watches.
#pragma once

#include <rt/waker.hpp>
#include <support/explore/waker.hpp>

#include <support/explore/replace.hpp>
#define Waker ExploredWaker
#define WakerSlot ExploredWakerSlot
#include <rt/waker_slot.hpp>
#undef Waker
#undef WakerSlot
#include <support/explore/restore.hpp>
