/// \file
/// `TestThread`: a thread that joins at the end of its scope, also when a REQUIRE has failed.
#pragma once

#include <rt/sync.hpp>

#include <memory>
#include <utility>

namespace support {

/// Runs `f` on a thread of its own. Use CHECK in `f` and never REQUIRE, because `f` must not throw.
class TestThread {
  public:
    template <class F>
    explicit TestThread(F f) : thread_(start(std::unique_ptr<Work>(new WorkOf<F>(std::move(f))))) {}
    TestThread(TestThread&&) = default;
    TestThread& operator=(TestThread&&) = delete;
    ~TestThread() { join(); }

    /// Waits until `f` has returned.
    void join();

  private:
    /// The only code that is compiled for each lambda. A std::thread for each would take much longer to compile.
    struct Work {
        virtual ~Work() = default;
        virtual void run() = 0;
    };
    template <class F>
    struct WorkOf final : Work {
        explicit WorkOf(F work) : f(std::move(work)) {}
        void run() override { f(); }
        F f;
    };

    static rt::Thread start(std::unique_ptr<Work> work);

    rt::Thread thread_;
};

}  // namespace support
