/// \file
/// Futures that any runtime can run.
#pragma once

#include <rt/async.hpp>
#include <rt/join_set.hpp>
#include <rt/multi_thread.hpp>
#include <rt/scheduler.hpp>
#include <rt/spawn.hpp>
#include <rt/sync.hpp>
#include <rt/yield_now.hpp>
#include <support/drop_counter.hpp>

#include <cstddef>
#include <memory>
#include <stdexcept>
#include <utility>

namespace support {

inline rt::Async<int> square(int n) {
    co_await rt::yield_now();
    co_return n* n;
}

inline rt::Async<int> squares() {
    rt::JoinSet<int> set;
    for (int n = 1; n <= 200; ++n) {
        set.spawn(square(n));
    }
    int sum = 0;
    while (auto next = co_await set.join_next()) {
        sum += *next;
    }
    co_return sum;
}

inline rt::Async<rt::ThreadId> thread_of_a_task() {
    auto own = []() -> rt::Async<rt::ThreadId> { co_return rt::this_thread_id(); };
    co_return co_await rt::spawn(own);
}

/// How many workers the runtime has, or 0 if it is no MultiThread.
inline rt::Async<std::size_t> workers() {
    auto* runtime = dynamic_cast<rt::MultiThread*>(&rt::current("workers"));
    co_return runtime == nullptr ? 0 : runtime->worker_count();
}

inline rt::Async<std::unique_ptr<int>> move_only() {
    co_await rt::yield_now();
    co_return std::make_unique<int>(7);
}

inline rt::Async<> fail() {
    co_await rt::yield_now();
    throw std::runtime_error("the kettle is broken");
}

inline rt::Async<> leave_one_behind(DropCounter::Token token) {
    auto forever = [](DropCounter::Token) -> rt::Async<> { co_await rt::pending(); };
    rt::spawn(forever, std::move(token));
    co_await rt::yield_now();
}

}  // namespace support
