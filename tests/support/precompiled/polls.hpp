/// \file
/// The parts of earlier lessons that most tests of lesson 04 and later use. A precompiled header includes this file, so
/// the compiler translates these parts once (cmake/precompiled.cmake). No test includes the file, and nothing calls
/// `use`.
#pragma once

#include <doctest/doctest.h>

#include <rt/future.hpp>
#include <rt/poll.hpp>
#include <support/counted_future.hpp>
#include <support/counting_waker.hpp>
#include <support/death.hpp>
#include <support/drop_counter.hpp>
#include <support/mock_task.hpp>
#include <support/random.hpp>
#include <support/story.hpp>
#include <support/test_thread.hpp>

#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

namespace support::precompiled {

/// Uses a variant like the one in which lesson 06 and later lessons keep the outcome of a future.
template <class Before, class T>
void use_variant(T value) {
    using Variant = std::variant<Before, T, std::exception_ptr>;
    Variant one;
    one.template emplace<1>(std::move(value));
    Variant other(std::move(one));
    one = std::move(other);
    one.template emplace<2>(std::current_exception());
    one.template emplace<0>();
}

template <class T>
void use_polls(T value) {
    rt::Poll<T> poll = rt::Pending;
    CHECK(std::as_const(poll) == rt::Pending);
    CHECK(std::move(poll) == rt::Pending);
    poll = rt::Ready(std::move(value));
    CHECK(poll.is_ready());
    CHECK(poll != rt::Pending);
    CHECK(spawn_mock("", rt::poll_fn([&poll](rt::Context&) { return std::move(poll); })).poll() == rt::Pending);
}

/// Does what `use_polls` does, and also compares values of type `T`.
template <class T>
void use_values(T value) {
    use_polls(value);
    CHECK(rt::Poll<T>(rt::Pending) == rt::Ready(value));
    CHECK(value == value);
}

template <class F>
void use_future(F future) {
    std::optional<F> kept(std::move(future));
    std::optional<F> moved(std::move(kept));
}

template <class T>
void use_remote(rt::Context& cx) {
    Remote<T> remote("");
    CountedFuture<T> future = remote.future();
    CHECK(future.poll(cx) == rt::Pending);
    CHECK(remote.polls() == 1);
    CHECK(remote.drops() == 0);
    CHECK(spawn_mock("", remote.future()).poll() == rt::Pending);
    use_future(std::move(future));
}

inline void use(rt::Context& cx, int number, std::string text, unsigned long size) {
    use_variant<std::monostate>(number);
    use_variant<std::monostate>(text);
    use_variant<std::monostate>(std::make_unique<int>(number));
    use_variant<void*>(number);
    use_variant<void*>(text);
    use_variant<std::monostate>(DropCounter().token());
    use_variant<std::monostate>(std::tuple(number));
    use_variant<std::monostate>(std::tuple(std::monostate(), number));
    std::variant<std::monostate, std::monostate, std::exception_ptr> none;
    none.emplace<1>();
    auto moved = std::move(none);
    none = std::move(moved);
    std::variant<void*, std::monostate, std::exception_ptr> no_place;
    no_place.emplace<1>();

    use_values(number);
    use_values(text);
    use_values(std::tuple<>());
    use_values(std::tuple(number));
    use_values(std::tuple(number, text));
    use_values(std::tuple(std::monostate(), number));
    use_values(std::tuple(number, number));
    use_values(std::tuple(number, number, number));
    use_values(std::tuple(std::monostate(), std::monostate(), std::monostate(), std::monostate()));
    use_polls(DropCounter().token());
    use_polls(std::tuple(DropCounter().token(), number, DropCounter().token()));
    use_polls(std::tuple(std::make_unique<int>(number), std::monostate()));
    CHECK(rt::Poll<void>(rt::Pending) == rt::Pending);
    use_remote<int>(cx);
    use_remote<void>(cx);
    use_remote<std::string>(cx);
    use_remote<DropCounter::Token>(cx);

    use_future(rt::ready(number));
    use_future(rt::ready(text));
    use_future(rt::ready(std::make_unique<int>(number)));
    use_future(rt::Countdown(1));

    CHECK(text == "");
    CHECK(size == 1);
    step("{} {} {}", number, text, size);
    DropCounter counter;
    auto token = counter.token();
    TestThread thread([] {});
    std::vector<std::string> texts;
    texts.push_back(text);
    texts.emplace_back("");
    CHECK(texts == texts);
    std::vector<int> numbers{number};
    numbers.push_back(number);
    CHECK(numbers == numbers);
    std::vector<CountedFuture<int>> futures;
    futures.push_back(Remote<int>("").future());
}

}  // namespace support::precompiled
