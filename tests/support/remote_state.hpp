/// \file
/// `RemoteState`: what a Remote and its future share, but for its value and its waker: it knows no lesson's header.
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

/// The name and the counts of a Remote. What is under its mutex: everything but the name.
class RemoteState {
  public:
    /// What a poll has to do.
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
    /// The test's end has gone.
    void end_record();

    // The caller holds the lock.
    void dropped();
    /// Counts a poll; throws the error; a poll after the end is a failure, and leaves without the lock.
    Next begin_poll(rt::Lock& lock, bool has_value, bool has_waker);
    void set_error(std::exception_ptr error) { error_ = std::move(error); }
    /// Its waker is used up now.
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
    bool ended_ = false;  // Ready or an exception was given out
};

}  // namespace support
