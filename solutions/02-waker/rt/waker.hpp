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

    Waker(const Waker& other) noexcept : data_(other.data_), vtable_(other.vtable_) {
        if (vtable_ != nullptr) {
            vtable_->clone(data_);
        }
    }
    Waker(Waker&& other) noexcept
        : data_(std::exchange(other.data_, nullptr)), vtable_(std::exchange(other.vtable_, nullptr)) {}

    /// By value: `other` is a copy of its own, or what was moved here.
    Waker& operator=(Waker other) noexcept {
        // The old reference leaves with `other`. Assigning a waker to itself is thereby nothing special.
        std::swap(data_, other.data_);
        std::swap(vtable_, other.vtable_);
        return *this;
    }

    ~Waker() {
        if (vtable_ != nullptr) {
            vtable_->drop(data_);
        }
    }

    /// Wakes, and is empty afterwards: `std::move(waker).wake()`. Called by whoever needs the waker no more; saves the
    /// clone and drop that `wake_by_ref` on a copy would cost.
    void wake() && noexcept {
        require_waker();
        std::exchange(vtable_, nullptr)->wake(std::exchange(data_, nullptr));
    }

    /// Wakes and stays usable. Called by whoever has only borrowed the waker: `cx.waker().wake_by_ref()`.
    void wake_by_ref() const noexcept {
        require_waker();
        vtable_->wake_by_ref(data_);
    }

    /// True if both wake the same waiter. False does not prove the contrary. Called before replacing a kept waker, to
    /// save a clone and a drop.
    bool will_wake(const Waker& other) const noexcept { return data_ == other.data_ && vtable_ == other.vtable_; }

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
    explicit Context(const Waker& waker) noexcept : waker_(&waker) {}
    explicit Context(Waker&&) = delete;  // a context only borrows: name the waker first

    Context(const Context&) = delete;
    Context& operator=(const Context&) = delete;

    /// Whom to wake when the polled future can make progress.
    const Waker& waker() const noexcept { return *waker_; }

  private:
    const Waker* waker_;
};

}  // namespace rt
