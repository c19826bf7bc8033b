/// \file
/// The parts of earlier lessons that most tests of lesson 09 and later use. See polls.hpp.
#pragma once

#include <rt/async.hpp>
#include <rt/block_on.hpp>
#include <rt/outcome.hpp>
#include <rt/yield_now.hpp>
#include <support/precompiled/polls.hpp>

#include <string>
#include <utility>

namespace support::precompiled {

template <class T>
rt::Async<T> await(CountedFuture<T> future) {
    co_await rt::yield_now();
    co_return co_await future;
}

template <class T>
rt::Async<T> await_coroutine(CountedFuture<T> future) {
    co_return co_await await(std::move(future));
}

template <class T>
void use_coroutines(rt::Context& cx, Remote<T>& remote) {
    rt::Async<T> future = await_coroutine(remote.future());
    CHECK(future.poll(cx) == rt::Pending);
    rt::block_on(std::move(future));
}

inline void use(rt::Context& cx, Remote<int>& number, Remote<>& nothing, Remote<std::string>& text) {
    use_coroutines(cx, number);
    use_coroutines(cx, nothing);
    use_coroutines(cx, text);
}

}  // namespace support::precompiled
