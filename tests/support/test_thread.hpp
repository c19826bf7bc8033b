/// \file
/// A thread that joins when it goes out of scope, so that a failed REQUIRE elsewhere does not end the
/// process.
#pragma once

#include <rt/sync.hpp>

#include <utility>

namespace support {

/// Runs `f` on a thread of its own. Use CHECK in `f`, never REQUIRE: nothing must be thrown out of it.
class TestThread {
  public:
    template <class F>
    explicit TestThread(F f) : thread_(std::move(f)) {}
    TestThread(TestThread&&) = default;
    TestThread& operator=(TestThread&&) = delete;
    ~TestThread() { join(); }

    /// Waits until `f` has returned. Afterwards everything it did is seen here.
    void join() {
        if (thread_.joinable()) {
            thread_.join();
        }
    }

  private:
    rt::Thread thread_;
};

}  // namespace support
