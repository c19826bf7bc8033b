/// \file
/// `Waker`: how someone who waits is told "look again". `Context`: what a poll is handed, a waker inside.
///
/// A waker is two pointers: who is to be woken (`data`), and a table of four functions that know what `data` is. The
/// table, not a virtual base class, because a waker is a value: it is copied into timers and reactors that outlive the
/// waiter, and each copy keeps `data` alive by whatever count its owner uses.
///
/// The rules of the table:
///  - every waker owns one reference to `data`; copying takes one more (`clone`), destroying gives it back (`drop`);
///  - `wake` gives its reference away with the news: after it, no `drop` follows;
///  - `wake_by_ref` keeps it;
///  - all four may be called from any thread and must not throw.
///
/// Source of the idea: Rust's `std::task::{Waker, RawWakerVTable, Context}`.
#pragma once

#include <rt/todo.hpp>
#include <rt/violation.hpp>

#include <utility>

namespace rt {

/// The four things that can be done with a waker's `data`. One constant table per kind of waker.
struct WakerVTable {
    void (*clone)(void* data) noexcept;        ///< one more waker shares `data`
    void (*wake)(void* data) noexcept;         ///< wake, and give this waker's reference back
    void (*wake_by_ref)(void* data) noexcept;  ///< wake, and keep the reference
    void (*drop)(void* data) noexcept;         ///< give this waker's reference back
};

/// Wakes whoever waits. Kept by a future that returned Pending, used by whoever makes it ready; both may be on
/// different threads, each with a copy of its own.
class Waker {
  public:
    /// An empty waker, as a moved-from one is: it may be assigned to, compared, destroyed, and not woken.
    Waker() noexcept = default;

    /// Takes over one reference to `data`. Called by whoever makes wakers: who polls, or a test.
    Waker(void* data, const WakerVTable* vtable) noexcept : data_(data), vtable_(vtable) {}

    Waker(const Waker& other) noexcept {
        // TODO(02.1) Share what `other` has, and count it: one more reference, unless `other` is empty.
        todo("02.1 copy a waker", other);
    }
    Waker(Waker&& other) noexcept {
        // TODO(02.1) Take over what `other` has, and leave it empty: nothing is cloned, nothing is dropped.
        todo("02.1 move a waker", other);
    }

    /// By value: `other` is a copy of its own, or what was moved here.
    Waker& operator=(Waker other) noexcept {
        // TODO(02.1) Become what `other` is; the reference held until now must be given back. Whose destructor could do it?
        todo("02.1 assign a waker", other);
    }

    ~Waker() {
        // TODO(02.1) Give the reference back, unless the waker is empty.
        todo("02.1 destroy a waker");
    }

    /// Wakes, and is empty afterwards: `std::move(waker).wake()`. Called by whoever needs the waker no more; saves the
    /// clone and drop that `wake_by_ref` on a copy would cost.
    void wake() && noexcept {
        require_waker();
        // TODO(02.2) Empty this waker, and then call the table's `wake`, which also takes the reference.
        todo("02.2 wake, and give the waker away");
    }

    /// Wakes and stays usable. Called by whoever has only borrowed the waker: `cx.waker().wake_by_ref()`.
    void wake_by_ref() const noexcept {
        require_waker();
        // TODO(02.2) Call the table's function that keeps the reference.
        todo("02.2 wake by reference");
    }

    /// True if both wake the same waiter. False does not prove the contrary. Called before replacing a kept waker, to
    /// save a clone and a drop.
    bool will_wake(const Waker& other) const noexcept {
        // TODO(02.3) What must be the same, so that both wake the same waiter?
        todo("02.3 compare two wakers", other);
    }

    /// True unless empty.
    explicit operator bool() const noexcept { return vtable_ != nullptr; }

    /// Who is to be woken, as its owner named it. Called by those who look for a waker of their own.
    void* data() const noexcept { return data_; }
    /// The table. Called together with `data()`.
    const WakerVTable* vtable() const noexcept { return vtable_; }

    /// A waker that wakes nobody. Called by whoever polls by hand.
    static Waker noop() noexcept {
        static constexpr auto nothing = [](void*) noexcept {};
        static constexpr WakerVTable vtable{nothing, nothing, nothing, nothing};
        return Waker(nullptr, &vtable);
    }

  private:
    void require_waker() const noexcept {
        if (vtable_ == nullptr) {
            violation("wake on an empty Waker: it was moved from, or woken already; keep a copy if you need it twice");
        }
    }

    void* data_ = nullptr;
    const WakerVTable* vtable_ = nullptr;
};

/// What a poll is handed: the waker of whoever polls. Valid during that poll only; a future that returns
/// Pending keeps a copy of the waker, never the context.
class Context {
  public:
    /// Called by whoever polls; `waker` must live as long as the context.
    explicit Context(const Waker& waker) noexcept {
        // TODO(02.3) Remember where the waker is; copy nothing.
        todo("02.3 make a context of a waker", waker);
    }
    explicit Context(Waker&&) = delete;  // a context only borrows: name the waker first

    Context(const Context&) = delete;
    Context& operator=(const Context&) = delete;

    /// Whom to wake when the polled future can make progress.
    const Waker& waker() const noexcept {
        // TODO(02.3) Lend the waker.
        todo("02.3 lend the waker", waker_);
    }

  private:
    const Waker* waker_;
};

}  // namespace rt
