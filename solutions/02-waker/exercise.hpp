/// \file
/// The exercise of lesson 02, solved: `wake_both(first, second)`, a waker that wakes two others.
#pragma once

#include <rt/sync.hpp>
#include <rt/waker.hpp>

#include <utility>

namespace exercise {

/// What all copies of one waker share: the two wakers, and the number of copies.
struct Both {
    Both(rt::Waker one, rt::Waker other) noexcept : first(std::move(one)), second(std::move(other)) {}

    void wake() noexcept {
        if (first) {
            first.wake_by_ref();
        }
        if (second) {
            second.wake_by_ref();
        }
    }

    void drop() noexcept {
        // Acquire and release, because the thread that deletes must see everything that the other copies did.
        if (copies.fetch_sub(1, rt::acq_rel) == 1) {
            delete this;
        }
    }

    rt::Waker first;
    rt::Waker second;
    rt::Atomic<int> copies{1};
};

inline constexpr rt::WakerVTable both_table{
    .clone = [](void* data) noexcept { static_cast<Both*>(data)->copies.fetch_add(1, rt::relaxed); },
    .wake =
        [](void* data) noexcept {
            static_cast<Both*>(data)->wake();
            static_cast<Both*>(data)->drop();
        },
    .wake_by_ref = [](void* data) noexcept { static_cast<Both*>(data)->wake(); },
    .drop = [](void* data) noexcept { static_cast<Both*>(data)->drop(); },
};

/// A waker that wakes `first` and `second`. Either of them may be empty.
inline rt::Waker wake_both(rt::Waker first, rt::Waker second) {
    return rt::Waker(new Both(std::move(first), std::move(second)), &both_table);
}

}  // namespace exercise
