/// \file
/// A worker that runs on the test's own thread, in a crew whose other workers the test plays.
#pragma once

#include "stepped_crew.hpp"

#include <rt/future.hpp>
#include <rt/park.hpp>
#include <rt/runnable.hpp>
#include <rt/scheduler.hpp>
#include <rt/task.hpp>
#include <rt/violation.hpp>

#include <doctest/doctest.h>
#include <support/stepped_atomic.hpp>

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace support {

/// A worker that looks everywhere, finds no task, and looks again, makes this many accesses to its queue and to the counts.
inline constexpr int too_many_accesses = 100'000;
inline constinit thread_local int accesses_without_a_task = 0;

/// A driver that never sleeps. It does what the test says instead.
class DriverByHand final : public rt::Park {
  public:
    void park(std::optional<rt::Instant> deadline) override {
        if (deadline != rt::no_wait) {
            instead_of_sleep();
            return;
        }
        instead_of_look();
        ++looks;
    }
    void unpark() noexcept override {}

    int looks = 0;
    std::function<void()> instead_of_sleep = [] {};
    std::function<void()> instead_of_look = [] {};
};

/// A runtime that starts no thread.
class RuntimeByHand final : public rt::Scheduler {
  public:
    RuntimeByHand(rt::Park& driver, unsigned workers) : Scheduler(driver), crew(*this, workers) {}

    void schedule(rt::Runnable runnable) noexcept override {
        rt::SteppedWorker::current->schedule(std::move(runnable));
    }
    bool is_multi_threaded() const noexcept override { return true; }

    rt::SteppedCrew crew;

  private:
    void launch(rt::Runnable runnable) noexcept override { schedule(std::move(runnable)); }
};

/// Worker `id` of `workers`. At its first sleep it stops, unless the test says otherwise.
class WorkerByHand {
  public:
    explicit WorkerByHand(unsigned workers, unsigned id = 0) : runtime(driver, workers), id_(id) {
        driver.instead_of_sleep = [this] {
            polled.push_back("sleep");
            crew.stop();
        };
    }

    /// A task that notes its name when it is polled, and then calls `f`.
    rt::Runnable task(std::string name, std::function<void()> f = [] {}) {
        auto note = [this, name = std::move(name), f = std::move(f)](rt::Context&) -> rt::Poll<void> {
            accesses_without_a_task = 0;
            polled.push_back(name);
            f();
            return rt::Ready();
        };
        return rt::make_task(rt::poll_fn(note), runtime).first;
    }

    /// Puts a task into the queue of worker `id`, and wakes no worker.
    void push(unsigned id, rt::Runnable runnable) { crew.remotes[id].queue.push(std::move(runnable), crew.injection); }
    /// Puts a task into the injection queue, and wakes no worker.
    void push_from_outside(rt::Runnable runnable) {
        crew.injection.push(std::move(runnable), [] {});
    }
    /// Does what another thread does that wakes or spawns a task.
    void inject(rt::Runnable runnable) {
        crew.injection.push(std::move(runnable), [this] { crew.wake_one(); });
    }

    /// Worker `id` sleeps. It did not search before.
    void sleeps(unsigned id) { (void)crew.idle.fall_asleep(id, false); }
    /// From now on some worker is the monitor, or so it seems. So this one sleeps in the driver.
    void play_the_monitor() { CHECK(crew.monitor_lock.try_lock()); }
    /// True if worker `id` has been woken since. It is awake then in any case.
    bool was_woken(unsigned id) { return crew.idle.wake_up(id); }

    /// Runs the worker until the crew is stopped.
    void run() {
        accesses_without_a_task = 0;
        Steps::on_access = [](const Access&) {
            if (++accesses_without_a_task > too_many_accesses) {
                rt::violation(
                    "the worker looks for tasks again and again, and neither finds one nor sleeps. Look into all queues, and if "
                    "there is nothing, let it sleep.");
            }
        };
        rt::SteppedWorker(crew, id_).run();
        Steps::on_access = nullptr;
    }

    DriverByHand driver;
    RuntimeByHand runtime;
    rt::SteppedCrew& crew = runtime.crew;
    std::vector<std::string> polled;

  private:
    unsigned const id_;
};

}  // namespace support
