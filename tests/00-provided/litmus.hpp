/// \file
/// Two small programs whose outcomes the C++ standard allows or forbids.
#pragma once

#include <rt/sync.hpp>
#include <support/explore/explorer.hpp>
#include <support/explore/sync.hpp>

#include <functional>

namespace litmus {

using explore::Atomic, explore::Cell, explore::expect, explore::Thread;
using Body = std::function<void()>;
using Order = std::memory_order;

/// Two threads write, and each reads what the other has written.
inline Body store_buffering(Order order) {
    return [order] {
        Atomic<int> x{0}, y{0};
        int first = 0;
        Thread other([&] {
            x.store(1, order);
            first = y.load(order);
        });
        y.store(1, order);
        int const second = x.load(order);
        other.join();
        expect(first == 1 || second == 1, "neither has seen the other's write");
    };
}

/// One thread writes data and then a flag. The other one sees the flag.
inline Body message_passing(Order write, Order read) {
    return [write, read] {
        Cell<int> data(0);
        Atomic<bool> is_there{false};
        Thread other([&] {
            data.set(1);
            is_there.store(true, write);
        });
        if (is_there.load(read)) {
            expect(data.get() == 1, "the data is old");
        }
        other.join();
    };
}

}  // namespace litmus
