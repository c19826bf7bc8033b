/// \file
/// Given: what the channels have in common. `ChannelBase` counts the ends of a channel. `ChannelEnd` is a sender's or a
/// receiver's share of its channel. `RecvFuture` is the future that waits for the next value.
#pragma once

#include <rt/budget.hpp>
#include <rt/future.hpp>
#include <rt/recycled.hpp>
#include <rt/sync.hpp>
#include <rt/violation.hpp>
#include <rt/wait_list.hpp>
#include <rt/waker.hpp>

#include <optional>
#include <utility>

namespace rt::detail {

/// Base of a channel. Counts its ends, because the last one deletes the channel.
class ChannelBase : public Recycled {
  public:
    /// Called when one more end was made.
    void add_end() noexcept { ends_.fetch_add(1, relaxed); }
    /// Called when an end is destroyed. Returns true if that was the last one. Then the caller deletes the channel.
    [[nodiscard]] bool remove_end() noexcept { return ends_.fetch_sub(1, acq_rel) == 1; }

  protected:
    /// Begins with a sender and a receiver, unless `ends` says something else.
    explicit ChannelBase(int ends = 2) noexcept : ends_(ends) {}
    ~ChannelBase() = default;

  private:
    Atomic<int> ends_;
};

enum class EndRole { sender, shared_sender, receiver };

/// One end of a `Channel`, which it keeps alive. Its destructor calls the channel's `drop_sender` or `drop_receiver`. It
/// moves. A `shared_sender` can also be copied, and the copy calls `add_sender`.
template <class Channel, EndRole role>
class ChannelEnd {
  public:
    explicit ChannelEnd(Channel& channel) noexcept : channel_(&channel) {}
    ChannelEnd(const ChannelEnd& other) noexcept
        requires(role == EndRole::shared_sender)
        : channel_(other.channel_) {
        if (channel_ != nullptr) {
            channel_->add_end();
            channel_->add_sender();
        }
    }
    ChannelEnd(ChannelEnd&& other) noexcept : channel_(std::exchange(other.channel_, nullptr)) {}
    ChannelEnd& operator=(ChannelEnd other) noexcept {
        std::swap(channel_, other.channel_);
        return *this;
    }
    ~ChannelEnd() {
        if (channel_ == nullptr) {
            return;
        }
        if constexpr (role == EndRole::receiver) {
            channel_->drop_receiver();
        } else {
            channel_->drop_sender();
        }
        if (channel_->remove_end()) {
            delete channel_;
        }
    }

    /// The channel. If this end was moved from, prints `sentence` and aborts.
    Channel& get(const char* sentence) const noexcept {
        if (channel_ == nullptr) {
            violation(sentence);
        }
        return *channel_;
    }

  private:
    Channel* channel_;  // null: moved from
};

/// A future of the next value of `Source`, or `std::nullopt` after the last one. `Source` has `poll_recv` and
/// `give_up_recv`.
template <class Source>
class [[nodiscard]] RecvFuture {
  public:
    using Output = std::optional<typename Source::Value>;

    explicit RecvFuture(Source& source) noexcept : source_(source) {}
    RecvFuture(RecvFuture&&) noexcept = default;
    ~RecvFuture() {
        if (is_registered_) {
            source_.give_up_recv(waiter_);
        }
    }

    Poll<Output> poll(Context& cx) {
        contract_.begin("recv");
        if (!budget::poll_proceed(cx)) {
            return contract_.pending();
        }
        Poll<Output> result = source_.poll_recv(waiter_, &cx.waker());
        is_registered_ = result.is_pending();
        if (is_registered_) {
            return contract_.pending();
        }
        budget::spend();
        return result;
    }

  private:
    [[no_unique_address]] Contract contract_;
    bool is_registered_ = false;  // it waits, or was woken and has not looked since
    Source& source_;
    Waiter waiter_;
};

/// Receives from `source` without waiting. Called by a receiver's `try_recv`.
template <class Source>
std::optional<typename Source::Value> try_recv(Source& source) {
    Waiter waiter;
    Poll<std::optional<typename Source::Value>> result = source.poll_recv(waiter, nullptr);
    return result.is_ready() ? std::move(result).value() : std::nullopt;
}

}  // namespace rt::detail
