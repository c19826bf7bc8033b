/// \file
/// Makes a task whose Runnables go to a test's queue, and knows its name.
#pragma once

#include "queue.hpp"

#include <rt/future.hpp>
#include <rt/task.hpp>

#include <source_location>
#include <string>
#include <utility>

#include <fmt/format.h>

namespace support {

/// Makes a task of `future` whose Runnable waits in `queue`.
template <rt::Future F>
rt::JoinHandle<rt::OutputOf<F>> start(Queue& queue, F future, rt::Owned owned = rt::Owned::no,
                                      std::source_location where = std::source_location::current()) {
    auto [runnable, handle] = rt::make_task(std::move(future), queue, owned, where);
    queue.start(std::move(runnable));
    return std::move(handle);
}

/// How a task that was made at `where` is named in messages.
inline std::string name_of_task(std::source_location where) {
    return fmt::format("the task spawned at {}:{}", where.file_name(), where.line());
}

}  // namespace support
