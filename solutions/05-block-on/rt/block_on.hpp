/// \file
/// `block_on(future)`: the bridge from ordinary code to futures. It polls the future, sleeps until a wake, and polls again.
///
/// Invariants:
///  - Every waker holds a reference to the park that it unparks. So a wake may come after `block_on` has returned, and
///    even after its thread has ended.
///  - A thread never runs two `block_on`s inside each other.
///
/// Thread safety: `block_on` stays on the thread that calls it. Its wakers are copied, woken, and dropped on any thread.
///
/// Source: `block_on` of pollster and of futures-lite.
#pragma once

#include <rt/future.hpp>
#include <rt/park.hpp>
#include <rt/sync.hpp>
#include <rt/waker.hpp>

#include <utility>

namespace rt {

namespace detail {

/// True on a thread that is running futures.
inline constinit thread_local bool runs_futures = false;

inline constexpr const char* nested_block_on =
    "this thread called block_on inside a future, which would stop every other task of the thread. co_await the inner "
    "future instead.";

}  // namespace detail

// Given: it reports a `block_on` inside a future. Every runtime uses it.
/// Marks the calling thread, as long as this object exists, as one that runs futures. A second object on the same thread
/// ends the program. Called by `block_on` and by every runtime.
class RunsFutures {
  public:
    /// Reports `sentence` if this thread already runs futures.
    explicit RunsFutures(const char* sentence = detail::nested_block_on) noexcept {
        if (std::exchange(detail::runs_futures, true)) {
            violation(sentence);
        }
    }
    RunsFutures(const RunsFutures&) = delete;
    RunsFutures& operator=(const RunsFutures&) = delete;
    ~RunsFutures() { detail::runs_futures = false; }
};

/// A ThreadPark that lives as long as the last of its wakers. Each thread has one, and uses it for all of its `block_on`s.
class SharedPark {
  public:
    // Given: one park for each thread, and for a thread that is ending.
    /// The park of the calling thread. A thread that is ending has lost its own. Then each call makes a park that belongs to
    /// its wakers alone, because the destructor of a thread_local object may call `block_on` too.
    static SharedPark& of_this_thread() {
        static constinit thread_local bool has_ended = false;
        struct Owner {
            SharedPark* park = new SharedPark(1);
            ~Owner() {
                has_ended = true;
                park->drop();
            }
        };
        if (has_ended) {
            return *new SharedPark(0);
        }
        thread_local Owner owner;
        return *owner.park;
    }

    /// A waker that unparks the thread.
    Waker waker() noexcept {
        clone();
        return Waker(this, &vtable);
    }

    /// The place where the thread sleeps.
    ThreadPark& park() noexcept { return park_; }

    /// Ends the program if no thread can ever unpark this one, because there is no token, and the caller holds the only
    /// `wakers` wakers. Called between a poll that returned Pending and the sleep.
    void expect_a_wake(int wakers) const noexcept {
        if constexpr (checks_enabled) {
            // The count is read first, because a thread that held a waker put the token there before it dropped the waker.
            if (references_.load(acquire) == owners_ + wakers && !park_.has_token()) {
                violation(
                    "a future returned Pending but kept no waker, so nothing can ever wake this thread. Store a copy of "
                    "cx.waker() before you return Pending.");
            }
        }
    }

  private:
    static SharedPark& from(void* data) noexcept { return *static_cast<SharedPark*>(data); }

    static const WakerVTable vtable;

    explicit SharedPark(int owners) noexcept : owners_(owners), references_(owners) {}
    ~SharedPark() = default;
    void clone() noexcept { references_.fetch_add(1, relaxed); }
    void drop() noexcept {
        if (references_.fetch_sub(1, acq_rel) == 1) {
            delete this;
        }
    }

    int const owners_;  // references that belong to no waker
    Atomic<int> references_;
    ThreadPark park_;
};

inline constexpr WakerVTable SharedPark::vtable{
    [](void* data) noexcept { from(data).clone(); },
    [](void* data) noexcept {
        from(data).park_.unpark();
        from(data).drop();
    },
    [](void* data) noexcept { from(data).park_.unpark(); },
    [](void* data) noexcept { from(data).drop(); },
};

/// Runs `future` on the calling thread to its end. Returns its output, or throws what it threw. Called by ordinary code:
/// `main`, a test, or a thread of your own.
template <Future F>
OutputOf<F> block_on(F future) {
    RunsFutures runs_futures;
    SharedPark& shared = SharedPark::of_this_thread();
    Waker waker = shared.waker();
    Context cx(waker);
    for (;;) {
        Poll<OutputOf<F>> poll = future.poll(cx);
        if (poll.is_ready()) {
            return std::move(poll).value();
        }
        shared.expect_a_wake(1);
        shared.park().park(std::nullopt);
    }
}

/// Gives advice when the argument is no future.
template <class F>
    requires(!Future<F>)
void block_on(F) {
    expect_future<F>();
}

}  // namespace rt
