/// \file
/// `SteppedNotify`: a Notify whose lock the tests can see through.
#pragma once

#include "stepped_wait_list.hpp"

#define Notified SteppedNotified
#define Notify SteppedNotify
#include <rt/notify.hpp>
#undef Lock
#undef Mutex
#undef Notified
#undef Notify
#undef WaitFuture
#undef WaitList
#undef Waiter

namespace support {

using Notify = rt::SteppedNotify;
using Notified = rt::SteppedNotified;

}  // namespace support
