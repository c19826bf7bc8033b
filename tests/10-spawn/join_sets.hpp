/// \file
/// Members for a JoinSet, their turns, and what the set has given in the end. A test that calls these needs no coroutine, and
/// clang compiles a coroutine's body four times.
#pragma once

#include <rt/async.hpp>
#include <rt/current_thread.hpp>
#include <rt/future.hpp>
#include <rt/join_set.hpp>
#include <rt/scheduler.hpp>
#include <rt/task.hpp>
#include <rt/yield_now.hpp>

#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

namespace support {

/// Spawns `future` into `set`, as a task of `runtime` would do it.
template <class T, class F>
void spawn_into(rt::JoinSet<T>& set, rt::Scheduler& runtime, F future) {
    rt::EnterScheduler entered(runtime);
    set.spawn(std::move(future));
}

/// Lets each task of `runtime` have `turns` turns.
inline void run_tasks(rt::CurrentThread& runtime, int turns = 1) { runtime.block_on(rt::Countdown(turns)); }

/// A member that lets others run `yields` times, and then yields `value`.
inline rt::Async<int> after_yields(int yields, int value) {
    for (int n = 0; n < yields; ++n) {
        co_await rt::yield_now();
    }
    co_return value;
}

/// All results of the set, in the order in which they came; -1 for one that was cancelled, -2 for an exception.
inline rt::Async<std::vector<int>> drain(rt::JoinSet<int>* set) {
    std::vector<int> results;
    for (bool more = true; more;) {
        try {
            std::optional<int> const next = co_await set->join_next();
            more = next.has_value();
            if (more) {
                results.push_back(*next);
            }
        } catch (const rt::Cancelled&) {
            results.push_back(-1);
        } catch (const std::runtime_error&) {
            results.push_back(-2);
        }
    }
    co_return results;
}

}  // namespace support
