/// \file
/// Counts what this test program allocates. It replaces the global operators new and delete, so include it in at most one
/// file of a test executable.
#pragma once

#include <rt/sync.hpp>

#include <cstddef>
#include <cstdlib>
#include <new>

#include <malloc.h>

namespace support {

namespace detail {
inline constinit rt::Atomic<long> allocations{0};
inline constinit rt::Atomic<long> large_blocks{0};
inline constinit rt::Atomic<long> bytes{0};
inline constexpr std::size_t large = 1000;
}  // namespace detail

/// How many allocations all threads made. Steps and assertions allocate too, so read it right around the tested code.
inline long allocations() noexcept { return detail::allocations.load(rt::relaxed); }

/// How many blocks of at least 1,000 bytes are in use. Buffers are that large.
inline long buffers() noexcept { return detail::large_blocks.load(rt::relaxed); }

/// How many bytes are in use.
inline long bytes_in_use() noexcept { return detail::bytes.load(rt::relaxed); }

}  // namespace support

// Not inlined, because g++ would inline only one of a pair, see malloc behind it, and warn of a mismatch.
[[gnu::noinline]] void* operator new(std::size_t size) {
    support::detail::allocations.fetch_add(1, rt::relaxed);
    if (void* memory = std::malloc(size)) {
        std::size_t const usable = ::malloc_usable_size(memory);
        support::detail::large_blocks.fetch_add(usable >= support::detail::large, rt::relaxed);
        support::detail::bytes.fetch_add(static_cast<long>(usable), rt::relaxed);
        return memory;
    }
    throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
    std::size_t const usable = ::malloc_usable_size(memory);
    support::detail::large_blocks.fetch_sub(usable >= support::detail::large, rt::relaxed);
    support::detail::bytes.fetch_sub(static_cast<long>(usable), rt::relaxed);
    std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { operator delete(memory); }
// Arrays have operators of their own, because AddressSanitizer's would not call those above.
[[gnu::noinline]] void* operator new[](std::size_t size) { return operator new(size); }
[[gnu::noinline]] void operator delete[](void* memory) noexcept { operator delete(memory); }
[[gnu::noinline]] void operator delete[](void* memory, std::size_t) noexcept { operator delete(memory); }
