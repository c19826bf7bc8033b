/// \file
/// Counts what this test program allocates. It replaces the global operators new and delete, so include it in one file of
/// a test executable at most.
#pragma once

#include <rt/sync.hpp>

#include <cstddef>
#include <cstdlib>
#include <new>

namespace support {

namespace detail {
inline constinit rt::Atomic<long> allocations{0};
}

/// How many allocations this program has made, on any thread. Steps and assertions allocate too: read it close by.
inline long allocations() noexcept { return detail::allocations.load(rt::relaxed); }

}  // namespace support

// Not inlined: g++ would see malloc behind one of a pair and not behind the other, and warn.
[[gnu::noinline]] void* operator new(std::size_t size) {
    support::detail::allocations.fetch_add(1, rt::relaxed);
    if (void* memory = std::malloc(size)) {
        return memory;
    }
    throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
