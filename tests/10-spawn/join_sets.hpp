/// \file
/// Members for a JoinSet, and what the set has given in the end.
#pragma once

#include <rt/async.hpp>
#include <rt/join_set.hpp>
#include <rt/task.hpp>
#include <rt/yield_now.hpp>

#include <optional>
#include <stdexcept>
#include <vector>

namespace support {

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
