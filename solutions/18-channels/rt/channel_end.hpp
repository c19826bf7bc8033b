/// \file
/// Given: what the channels have in common. `channel_end` makes a sender's or a receiver's share of its channel,
/// and `RecvFuture` is the future of the next value.
#pragma once

#include <rt/future.hpp>
#include <rt/wait_list.hpp>
#include <rt/waker.hpp>

#include <memory>
#include <optional>
#include <utility>

namespace rt::detail {

/// One end of `channel`, which it keeps alive. When the last copy of the end is destroyed, it calls the channel's
/// member `drop`.
template <auto drop, class Channel>
std::shared_ptr<Channel> channel_end(std::shared_ptr<Channel> channel) {
    Channel* there = channel.get();
    return {there, [kept = std::move(channel)](Channel*) noexcept { (*kept.*drop)(); }};
}

/// What a recv waits for: the next value of `Source`, or `std::nullopt` after the last one.
template <class Source>
class RecvWait {
  public:
    using Output = std::optional<typename Source::Value>;
    static constexpr const char* name = "recv";

    RecvWait(Source& source) noexcept : source_(source) {}

    Poll<Output> poll(Waiter& waiter, const Waker& waker) { return source_.poll_recv(waiter, &waker); }
    void give_up(Waiter& waiter) noexcept { source_.give_up_recv(waiter); }

  private:
    Source& source_;
};

template <class Source>
using RecvFuture = WaitFuture<RecvWait<Source>>;

/// Receives from `source` without waiting. Called by a receiver's `try_recv`.
template <class Source>
std::optional<typename Source::Value> try_recv(Source& source) {
    Waiter waiter;
    Poll<std::optional<typename Source::Value>> result = source.poll_recv(waiter, nullptr);
    return result.is_ready() ? std::move(result).value() : std::nullopt;
}

}  // namespace rt::detail
