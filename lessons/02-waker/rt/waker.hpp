/// \file
/// `Waker`: with it, a future asks to be polled again. `Context`: what a poll receives, with a waker inside.
///
/// A waker is two pointers: `data`, which it wakes, and a table of four functions that know the type behind `data`. There
/// is no virtual base class, because a waker is a value. Futures copy it into timers and reactors that may outlive the
/// task, and each copy keeps `data` alive. How the references are counted is up to the owner of `data`.
///
/// Invariants:
///  - Each waker owns one reference to `data`. A copy takes one more (`clone`), and a destructor gives one back (`drop`).
///  - `wake` gives the reference back together with the wake, so no `drop` follows. `wake_by_ref` keeps the reference.
///  - A waker without a table is empty. A waker that has a table may have null `data`.
///
/// Thread safety: any thread may call the four functions, even at the same time. One `Waker` object isn't shared between
/// threads: each thread has its own copy.
///
/// Source: Rust's `std::task::{Waker, RawWakerVTable, Context}`.
#pragma once

#include <rt/todo.hpp>
#include <rt/violation.hpp>

#include <utility>

namespace rt {

/// What a waker does with its `data`. There is one constant table per kind of waker.
struct WakerVTable {
    void (*clone)(void* data) noexcept;        ///< takes one more reference to `data`
    void (*wake)(void* data) noexcept;         ///< wakes, and gives this waker's reference back
    void (*wake_by_ref)(void* data) noexcept;  ///< wakes, and keeps the reference
    void (*drop)(void* data) noexcept;         ///< gives this waker's reference back
};

/// Wakes a task or a thread that waits. A future that has to wait gives a copy of its waker to the code that
/// notices the event, such as a timer. That code wakes the copy, often on another thread.
class Waker {
  public:
    /// An empty waker, like one that was moved from. It can be assigned to, compared, and destroyed, but not woken.
    Waker() noexcept = default;

    /// Takes over one reference to `data`. Called by executors and by tests.
    Waker(void* data, const WakerVTable* vtable) noexcept : data_(data), vtable_(vtable) {}

    Waker(const Waker& other) noexcept {
        // TODO(02.1) Wake the same task as `other`. The new waker owns a reference of its own.
        todo("02.1 copy a waker", other);
    }
    Waker(Waker&& other) noexcept {
        // TODO(02.1) Take over the reference that `other` owns, and leave `other` empty.
        todo("02.1 move a waker", other);
    }

    /// Takes `other` by value, so `other` is already a copy, or was moved here.
    Waker& operator=(Waker other) noexcept {
        // TODO(02.1) Take over the reference of `other`. Give back the one that this waker has owned until now.
        todo("02.1 assign a waker", other);
    }

    ~Waker() {
        // TODO(02.1) Give this waker's reference back, unless the waker is empty.
        todo("02.1 destroy a waker");
    }

    /// Wakes, and leaves this waker empty: `std::move(waker).wake()`. Called by a caller that no longer needs the waker. It
    /// saves the `drop` that would follow a `wake_by_ref`.
    void wake() && noexcept {
        require_waker();
        // TODO(02.2) Wake. The `wake` of the table takes over the reference, so leave this waker empty.
        todo("02.2 wake, and give the waker away");
    }

    /// Wakes, and keeps this waker usable. Called by a caller that only borrows it: `cx.waker().wake_by_ref()`.
    void wake_by_ref() const noexcept {
        require_waker();
        // TODO(02.2) Wake, and keep this waker's reference.
        todo("02.2 wake by reference");
    }

    /// True if both wakers wake the same task. They may do so even if this returns false. A future calls it before it
    /// replaces the waker that it keeps. If the result is true, it saves a clone and a drop.
    bool will_wake(const Waker& other) const noexcept {
        // TODO(02.3) Return true if it is certain that both wakers wake the same task.
        todo("02.3 compare two wakers", other);
    }

    /// True unless empty.
    explicit operator bool() const noexcept { return vtable_ != nullptr; }

    /// What this waker wakes. Called by an executor that looks for its own wakers.
    void* data() const noexcept { return data_; }
    /// The table. An executor compares it to tell whether a waker is its own.
    const WakerVTable* vtable() const noexcept { return vtable_; }

    /// A waker that wakes nothing. Used to poll by hand.
    static Waker noop() noexcept {
        static constexpr auto nothing = [](void*) noexcept {};
        static constexpr WakerVTable vtable{nothing, nothing, nothing, nothing};
        return Waker(nullptr, &vtable);
    }

  private:
    void require_waker() const noexcept {
        if (vtable_ == nullptr) {
            violation(
                "this Waker is empty, because it was moved from or already woken. Copy it first if you need it twice.");
        }
    }

    void* data_ = nullptr;
    const WakerVTable* vtable_ = nullptr;
};

/// What a poll receives: the caller's waker. It is valid during that poll only. A future that returns Pending keeps a copy
/// of the waker, and never the context.
class Context {
  public:
    /// Borrows `waker`, which must outlive the context. Called by the code that polls.
    explicit Context(const Waker& waker) noexcept {
        // TODO(02.3) Borrow `waker` for one poll, without a copy.
        todo("02.3 make a context of a waker", waker);
    }
    explicit Context(Waker&&) = delete;  // A context only borrows its waker. Give the waker a name first.

    Context(const Context&) = delete;
    Context& operator=(const Context&) = delete;

    /// The waker to wake when the polled future can make progress.
    const Waker& waker() const noexcept { return *waker_; }

  private:
    const Waker* waker_;
};

}  // namespace rt
