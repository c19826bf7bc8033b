/// \file
/// `RemoteState`: what a Remote shares with its future. It includes no header of a lesson, so it has no value and no waker.
#pragma once

#include <rt/sync.hpp>

#include <exception>
#include <string>
#include <string_view>
#include <utility>

namespace rt::record {
struct TaskRow;
}

namespace support {

/// The name and the counts of a Remote.
///
/// Thread safety: the mutex protects everything but the name.
class RemoteState {
  public:
    /// What the current poll has to do.
    enum class Next { give_the_value, keep_the_waker, nothing };
    struct Counts {
        int polls, moves, drops;
    };

    explicit RemoteState(std::string_view name);
    virtual ~RemoteState();
    RemoteState(const RemoteState&) = delete;
    RemoteState& operator=(const RemoteState&) = delete;

    rt::Mutex& mutex() noexcept { return mutex_; }

    // Each of these takes the lock.
    rt::record::TaskRow* row();
    Counts counts();
    void moved();
    /// Called when the Remote is destroyed.
    void end_record();

    // The caller holds the lock.
    void dropped();
    /// Counts a poll. Throws the error, if there is one. Fails the test if the future has already ended, and releases `lock`.
    Next begin_poll(rt::Lock& lock, bool has_value, bool has_waker);
    void set_error(std::exception_ptr error) { error_ = std::move(error); }
    /// Records that the waker was used.
    void woke() noexcept;

    // Steps of the story.
    void tell_ready();
    void tell_error();
    void tell_wake();

  private:
    std::string name_;
    rt::Mutex mutex_;
    std::exception_ptr error_;
    int polls_ = 0;
    int moves_ = 0;
    int drops_ = 0;
    rt::record::TaskRow* row_;
    bool ended_ = false;  // a poll has returned Ready or thrown
};

}  // namespace support
