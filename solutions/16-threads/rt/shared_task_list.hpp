/// \file
/// `SharedTaskList`: all tasks of a runtime that are not over, entered and left on any thread.
///
/// It is 16 lists, each under a lock of its own, so that threads seldom meet; a task's address says in which one it is. Only
/// shutdown walks a list, when no worker runs.
///
/// Source of the idea: Tokio's `runtime/task/list.rs`.
#pragma once

#include <rt/runnable.hpp>
#include <rt/sync.hpp>
#include <rt/task_list.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

namespace rt {

class SharedTaskList {
  public:
    enum class OnInsert { schedule, drop };

    /// On `drop` the list is closed: the task is in it all the same, and leaves it when its Runnable is dropped.
    OnInsert insert(Task& task) noexcept {
        Part& part = part_of(task);
        Lock lock(part.mutex);
        part.tasks.insert(task);
        return part.is_closed ? OnInsert::drop : OnInsert::schedule;
    }

    void remove(Task& task) noexcept {
        Part& part = part_of(task);
        Lock lock(part.mutex);
        part.tasks.remove(task);
    }

    /// Asks all tasks to end, and those that come later to end before they begin. Called at shutdown, when no worker runs.
    void close_and_abort_all() noexcept {
        for (Part& part : parts_) {
            Lock lock(part.mutex);
            part.is_closed = true;
            part.tasks.abort_all();
        }
    }

    /// How many tasks are in it; a moment ago, if others are at work.
    std::size_t size() const noexcept {
        std::size_t sum = 0;
        for (const Part& part : parts_) {
            Lock lock(part.mutex);
            sum += part.tasks.size();
        }
        return sum;
    }

  private:
    struct alignas(64) Part {
        mutable Mutex mutex;
        TaskList tasks;
        bool is_closed = false;
    };

    Part& part_of(const Task& task) noexcept {
        // The low bits are the same for all blocks of one size; multiplying mixes the others into the top four.
        auto const address = reinterpret_cast<std::uintptr_t>(&task);
        return parts_[(static_cast<std::uint64_t>(address) * 0x9e3779b97f4a7c15U) >> 60U];
    }

    std::array<Part, 16> parts_;
};

}  // namespace rt
