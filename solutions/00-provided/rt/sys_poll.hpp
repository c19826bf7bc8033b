/// \file
/// Given: poll(2), the system call that sleeps until one of several descriptors is ready. The rules are those of sys.hpp.
#pragma once

#include <rt/sys.hpp>

#include <span>

#include <poll.h>

namespace rt::sys {

/// Waits at most `timeout_ms` milliseconds. Negative: without a limit. Zero: not at all. Sets `revents` of each entry.
inline int poll(std::span<pollfd> entries, int timeout_ms) noexcept {
    return detail::or_errno(::poll(entries.data(), entries.size(), timeout_ms));
}

}  // namespace rt::sys
