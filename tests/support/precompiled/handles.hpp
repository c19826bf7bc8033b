/// \file
/// The parts of earlier lessons that most tests of lesson 10 and later use. See polls.hpp.
#pragma once

#include <rt/async.hpp>
#include <rt/block_on.hpp>
#include <rt/future.hpp>
#include <rt/join.hpp>
#include <rt/outcome.hpp>
#include <rt/park.hpp>
#include <rt/runnable.hpp>
#include <rt/task.hpp>
#include <rt/yield_now.hpp>
#include <support/drop_counter.hpp>
#include <support/precompiled/coroutines.hpp>

#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

namespace support::precompiled {

template <class T>
void use_outcome(T value) {
    rt::Outcome<T> outcome;
    outcome.set_value(std::move(value));
    rt::Outcome<T> moved(std::move(outcome));
    moved.set_exception(std::current_exception());
    moved.reset();
    rt::Poll<T> poll = rt::Ready(moved.take());
    CHECK(poll.is_ready());
}

template <class T>
rt::Async<T> give(T value) {
    co_return value;
}

/// A coroutine that yields a `T`, awaited by another one.
template <class T>
rt::Async<> take() {
    T taken = co_await give(T());
    use_outcome(std::move(taken));
}

inline rt::Async<> use_joins() {
    co_await rt::join(take<bool>(), take<std::vector<int>>());
    std::vector<rt::Async<>> all;
    all.push_back(take<std::optional<int>>());
    all.push_back(take<std::optional<std::monostate>>());
    co_await rt::join_all(std::move(all));
    std::optional<std::unique_ptr<int>> moved;
    use_outcome(std::move(moved));
    use_outcome(std::optional(DropCounter().token()));
    co_await rt::Countdown(1);
}

template <rt::Future F>
void use_task(F future, rt::Schedule& schedule) {
    auto [runnable, handle] = rt::make_task(std::move(future), schedule);
    std::optional<rt::Runnable> kept(std::move(runnable));
    std::move(*kept).run();
    CHECK(handle.is_finished());
    rt::block_on(std::move(handle));
}

inline void use(rt::Schedule& schedule, Remote<int>& number) {
    use_task(rt::ready(1), schedule);
    use_task(rt::ready(), schedule);
    use_task(rt::pending<int>(), schedule);
    use_task(rt::Countdown(1), schedule);
    use_task(number.future(), schedule);
    use_task(give(1), schedule);
    use_task(use_joins(), schedule);
    std::optional<int> one(1);
    CHECK(one == std::nullopt);
    CHECK(one == 1);
    std::vector<std::function<void()>> calls;
    calls.emplace_back([] {});
    CHECK(calls.empty());
    std::vector<rt::Runnable> runnables;
    runnables.push_back(rt::make_task(rt::ready(), schedule).first);
    std::optional<rt::Instant> const deadline = rt::no_wait;
    CHECK(deadline == rt::no_wait);
}

}  // namespace support::precompiled
