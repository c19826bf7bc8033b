/// \file
/// The exercise of lesson 10, solved: `map_at_most(limit, items, f)`, which makes a task for each item, but never runs
/// more than `limit` of them at once.
#pragma once

#include <rt/async.hpp>
#include <rt/future.hpp>
#include <rt/join_set.hpp>

#include <cstddef>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

namespace exercise {

/// Awaits `future`, and yields its output with the number of its item.
template <rt::Future F>
rt::Async<std::pair<std::size_t, rt::OutputOf<F>>> numbered(std::size_t number, F future) {
    rt::OutputOf<F> output = co_await future;
    co_return std::pair(number, std::move(output));
}

/// Yields the outputs of `f(item)` for all items, in their order. At most `limit` tasks run at once.
template <class T, class F, class R = rt::OutputOf<std::invoke_result_t<F&, T>>>
rt::Async<std::vector<R>> map_at_most(std::size_t limit, std::vector<T> items, F f) {
    std::vector<std::optional<R>> outputs(items.size());
    rt::JoinSet<std::pair<std::size_t, R>> running;
    std::size_t started = 0;
    while (started < items.size() || !running.is_empty()) {
        if (started < items.size() && running.size() < limit) {
            running.spawn(numbered(started, f(std::move(items[started]))));
            ++started;
            continue;
        }
        auto ended = co_await running.join_next();
        outputs[ended->first] = std::move(ended->second);
    }
    std::vector<R> all;
    for (std::optional<R>& output : outputs) {
        all.push_back(std::move(*output));
    }
    co_return all;
}

}  // namespace exercise
