/// \file
/// What the kernel is told of memory. Given, not taught.
#pragma once

#include <cstddef>
#include <cstdint>

#include <sys/mman.h>

namespace rt::sys {

/// Asks the kernel to map `size` bytes from `memory` on in large pages where it can, so that they cost one fault each and not
/// five hundred. It may decline: then nothing is lost but speed.
inline void prefer_large_pages(void* memory, std::size_t size) noexcept {
    constexpr std::uintptr_t page = 4096;
    auto const begin = reinterpret_cast<std::uintptr_t>(memory);
    std::uintptr_t const first = (begin + page - 1) / page * page;
    ::madvise(reinterpret_cast<void*>(first), begin + size - first, MADV_HUGEPAGE);
}

}  // namespace rt::sys
