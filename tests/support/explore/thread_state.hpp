/// \file
/// A thread of an execution, and the real thread that runs it.
#pragma once

#include <rt/sync.hpp>
#include <support/explore/explorer.hpp>
#include <support/explore/memory.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <semaphore>

namespace explore {

using detail::Kind;
using detail::Op;

inline constexpr const char* deadlock = "a deadlock: every thread waits for another one. Was a wake lost?";
inline constexpr const char* data_race =
    "a data race: nothing orders this access and an earlier one of another thread. Is a release or an acquire missing?";
inline constexpr const char* unfinished =
    "not exhausted: there are too many orders to try. Does the code need all of its operations on atomics and locks?";
inline constexpr const char* diverged = "not exhausted: the body does something else when it runs again";
inline constexpr const char* endless =
    "not exhausted: an execution has too many operations. Does a thread wait in a loop without yield_thread?";

inline constexpr unsigned priority_changes = 3;  // of the threads' priorities in a random execution, about
using Set = unsigned;                            // of threads, a bit for each

/// A real thread, which runs one thread of each execution.
struct Worker {
    std::binary_semaphore turn{0};
    std::function<void()> body;
    int number = nobody;
    rt::Thread thread;
};

struct ThreadState {
    Op next{};
    Clock clock;
    std::shared_ptr<Worker> worker;
    bool is_finished = false;
    bool has_yielded = false;     // and no other thread has run since
    const void* waits = nullptr;  // for a condition variable
    bool is_timed = false;
    bool is_notified = false;
    std::uint64_t priority = 0;  // in a random search
    int starter = nobody;        // which waits until this thread has come to its first operation
};

inline thread_local Worker* self = nullptr;

/// True if two operations can't change places.
inline bool depend(const Op& a, const Op& b) {
    auto meet = [](const void* x, const void* y) { return x != nullptr && x == y; };
    return (a.writes || b.writes) && (meet(a.object, b.object) || meet(a.object, b.second) ||
                                      meet(a.second, b.object) || meet(a.second, b.second));
}

}  // namespace explore
