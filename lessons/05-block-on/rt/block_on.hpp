/// \file
/// `block_on(future)`: the bridge from ordinary code. Polls, sleeps until woken, polls again; returns the output.
///
/// Source of the idea: pollster's and futures-lite's `block_on`.
#pragma once

#include <rt/future.hpp>
#include <rt/park.hpp>
#include <rt/sync.hpp>
#include <rt/todo.hpp>
#include <rt/waker.hpp>

#include <utility>

namespace rt {

namespace detail {

/// True on a thread that is running futures: one that must not be blocked by a second `block_on`.
inline constinit thread_local bool runs_futures = false;

inline constexpr const char* nested_block_on =
    "block_on inside of a future: it would stop every other task of this thread; co_await instead";

}  // namespace detail

/// Marks the calling thread, while it exists, as one that runs futures. Made by `block_on` and by every runtime; a second
/// one on the same thread is caught, since the outer one would stand still meanwhile.
class RunsFutures {
  public:
    /// `otherwise` is the sentence for a thread that runs futures already.
    explicit RunsFutures(const char* otherwise = detail::nested_block_on) noexcept {
        if (std::exchange(detail::runs_futures, true)) {
            violation(otherwise);
        }
    }
    RunsFutures(const RunsFutures&) = delete;
    RunsFutures& operator=(const RunsFutures&) = delete;
    ~RunsFutures() { detail::runs_futures = false; }
};

/// A ThreadPark that wakers can share: it lives as long as the last of them. A thread makes one, and uses it for every
/// `block_on` it does.
class SharedPark {
  public:
    /// The calling thread's own. While the thread ends, the destructors of other thread_local objects may still block. Each
    /// call then makes one that belongs to its wakers alone.
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

    /// A waker that unparks.
    Waker waker() noexcept {
        clone();
        return Waker(this, &vtable);
    }

    /// Where the thread sleeps.
    ThreadPark& park() noexcept { return park_; }

    /// Ends the program if nobody can ever unpark this thread: only the caller's own `wakers` are left, and no token is
    /// there. Called between Pending and the sleep.
    void expect_a_wake(int wakers) const noexcept {
        if constexpr (checks_enabled) {
            // In this order: whoever held a waker put the token down before giving the waker up.
            if (references_.load(acquire) == owners_ + wakers && !park_.has_token()) {
                violation(
                    "a future returned Pending but kept no waker: nothing can ever wake this thread; store cx.waker()");
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

    int const owners_;  // references that are no waker's
    Atomic<int> references_;
    ThreadPark park_;
};

inline constexpr WakerVTable SharedPark::vtable{
    [](void* data) noexcept { from(data).clone(); },
    [](void* data) noexcept {
        // TODO(05.2) Wake the sleeping thread, and give the reference back: in which order?
        todo("05.2 unpark, and give the reference back", data);
    },
    [](void* data) noexcept {
        // TODO(05.2) Wake the sleeping thread, and keep the reference.
        todo("05.2 unpark", data);
    },
    [](void* data) noexcept { from(data).drop(); },
};

/// Runs `future` on the calling thread to its end and returns its output, or throws what it threw. The thread sleeps while
/// the future waits. Called from ordinary code only: from `main`, a test, a thread of one's own.
template <Future F>
OutputOf<F> block_on(F future) {
    RunsFutures runs_futures;
    SharedPark& shared = SharedPark::of_this_thread();
    Waker waker = shared.waker();
    Context cx(waker);
    for (;;) {
        // TODO(05.2) Poll the future, and return its output when it is Ready. Else say `shared.expect_a_wake(1)`, which ends
        // the program if nobody kept the waker, and sleep until unparked.
        todo("05.2 poll, and sleep while it is Pending", cx, future);
    }
}

/// Advice for who passes something else.
template <class F>
    requires(!Future<F>)
void block_on(F) {
    expect_future<F>();
}

}  // namespace rt
