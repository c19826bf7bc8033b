/// \file
/// Makes a task whose Runnables go to a test's queue.
#pragma once

#include "queue.hpp"

#include <rt/future.hpp>
#include <rt/task.hpp>

#include <source_location>
#include <utility>

namespace support {

/// Makes a task of `future` whose Runnable waits in `queue`.
template <rt::Future F>
rt::JoinHandle<rt::OutputOf<F>> start(Queue& queue, F future, rt::Owned owned = rt::Owned::no,
                                      std::source_location where = std::source_location::current()) {
    auto [runnable, handle] = rt::make_task(std::move(future), queue, owned, where);
    queue.start(std::move(runnable));
    return std::move(handle);
}

}  // namespace support
