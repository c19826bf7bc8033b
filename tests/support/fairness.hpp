/// \file
/// Checks two futures in one task. The first is never Pending, because it always has one more result. The second has a result
/// ready too. However they are combined, both must make progress (budget.hpp). Needs lesson 10.
///
///     runtime.block_on(expect_fair({in_join(), by_hand()}, {finished_tasks()}, {finished_tasks()}));
#pragma once

#include <rt/async.hpp>
#include <rt/budget.hpp>
#include <rt/future.hpp>
#include <rt/join.hpp>
#include <rt/join_set.hpp>
#include <rt/runnable.hpp>
#include <rt/task.hpp>
#include <rt/yield_now.hpp>
#include <support/story.hpp>

#include <functional>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

namespace support {

/// A source that always has one more result. `next` takes one.
struct AlwaysReady {
    const char* name;
    std::function<rt::Async<>()> next;
    int polls = 2;  ///< `next` takes its first result in this poll of the task at the latest
};

/// Runs two futures in one task until the second one is done, or longer.
struct Combinator {
    const char* name;
    rt::Async<> (*run)(rt::Async<> first, rt::Async<> second);
};

inline Combinator in_join() {
    return {"join", [](rt::Async<> first, rt::Async<> second) -> rt::Async<> {
                co_await rt::join(std::move(first), std::move(second));
            }};
}

inline Combinator in_join_all() {
    return {"join_all", [](rt::Async<> first, rt::Async<> second) -> rt::Async<> {
                std::vector<rt::Async<>> both;
                both.push_back(std::move(first));
                both.push_back(std::move(second));
                co_await rt::join_all(std::move(both));
            }};
}

/// Polls the two futures always in the same order, as a user's combinator may do.
inline Combinator by_hand() {
    return {"a combinator written by hand", [](rt::Async<> first, rt::Async<> second) -> rt::Async<> {
                bool first_is_done = false;
                bool second_is_done = false;
                auto both = rt::poll_fn([&](rt::Context& cx) -> rt::Poll<bool> {
                    first_is_done = first_is_done || first.poll(cx).is_ready();
                    second_is_done = second_is_done || second.poll(cx).is_ready();
                    return first_is_done && second_is_done ? rt::Poll<bool>(rt::Ready(true)) : rt::Pending;
                });
                co_await both;
            }};
}

/// Handles of tasks that have ended.
inline AlwaysReady finished_tasks() {
    class Nowhere final : public rt::Schedule {
      public:
        void schedule(rt::Runnable) noexcept override {}
    };
    return {"a finished task", []() -> rt::Async<> {
                static Nowhere nowhere;
                auto [runnable, handle] = rt::make_task(rt::ready(), nowhere);
                std::move(runnable).run();
                co_await handle;
            }};
}

/// Takes members of `set`. The test lets enough of them end first, with `add_finished`.
inline AlwaysReady finished_members(rt::JoinSet<>* set) {
    auto join_one = [](rt::JoinSet<>* joined) -> rt::Async<> { co_await joined->join_next(); };
    return {"a finished member of a JoinSet", [=] { return join_one(set); }};
}

/// Lets `count` members of `set` end.
inline rt::Async<> add_finished(rt::JoinSet<>* set, int count) {
    for (int n = 0; n < count; ++n) {
        set->spawn(rt::ready());
    }
    co_await rt::spawn(rt::ready());
    co_await rt::yield_now();  // the next poll begins with a new budget
}

namespace detail {

struct Taken {
    int count = 0;
    bool is_over = false;
};

inline rt::Async<> take_many(const AlwaysReady* source, int most, Taken* taken) {
    while (!taken->is_over && taken->count < most) {
        co_await source->next();
        ++taken->count;
    }
}

inline rt::Async<> take_one(const AlwaysReady* source, Taken* taken) {
    co_await source->next();
    taken->is_over = true;
}

}  // namespace detail

/// Checks each combinator with each pair of futures. One takes results of a source without end, and the other takes
/// one.
inline rt::Async<> expect_fair(std::vector<Combinator> combinators, std::vector<AlwaysReady> sources,
                               std::vector<AlwaysReady> others) {
    constexpr int in_one_poll = static_cast<int>(rt::budget::per_poll) + 2;  // the budget may have refused two sources
    for (const Combinator& combinator : combinators) {
        for (const AlwaysReady& busy : sources) {
            for (const AlwaysReady& other : others) {
                step("{}: {} without end, and one of {}", combinator.name, busy.name, other.name);
                detail::Taken taken;
                int const most = other.polls * in_one_poll;
                co_await combinator.run(detail::take_many(&busy, most + 1, &taken), detail::take_one(&other, &taken));
                CHECK_MESSAGE(taken.count <= most, "the other future has its result, and is not allowed to take it");
            }
        }
    }
}

}  // namespace support
