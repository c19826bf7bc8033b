/// \file
/// The exercise of lesson 11, solved: `map(items, f)` calls `f` for each element, on the threads of the pool.
#pragma once

#include <rt/async.hpp>
#include <rt/join.hpp>
#include <rt/spawn_blocking.hpp>
#include <rt/task.hpp>

#include <concepts>
#include <functional>
#include <type_traits>
#include <utility>
#include <vector>

namespace exercise {

/// A future of a call's result. If it is destroyed, a call that has not begun never begins.
template <class T>
class [[nodiscard]] Call {
  public:
    using Output = T;

    explicit Call(rt::JoinHandle<T> handle) noexcept : handle_(std::move(handle)) {}
    Call(Call&& other) = default;
    Call& operator=(Call&& other) = delete;
    ~Call() { handle_.abort(); }

    rt::Poll<T> poll(rt::Context& cx) { return handle_.poll(cx); }

  private:
    rt::JoinHandle<T> handle_;
};

/// Calls `f(item)` for each of `items`, at the same time if the pool has enough threads. Yields the results in order.
template <class T, std::copy_constructible F>
rt::Async<std::vector<std::invoke_result_t<F, T>>> map(std::vector<T> items, F f) {
    using R = std::invoke_result_t<F, T>;
    std::vector<Call<R>> calls;
    for (T& item : items) {
        calls.push_back(Call<R>(rt::spawn_blocking(f, std::move(item))));
    }
    auto all = rt::join_all(std::move(calls));
    co_return co_await all;
}

}  // namespace exercise
