/// \file
/// The eventfds of this process: each Signal has one. A test may write to one without a signal.
#pragma once

#include <doctest/doctest.h>
#include <support/story.hpp>

#include <cstdint>
#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

#include <unistd.h>

namespace support {

/// The descriptors of this process that are eventfds.
inline std::vector<int> event_fds() {
    std::vector<int> found;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
        std::error_code gone;
        if (std::filesystem::read_symlink(entry.path(), gone) == "anon_inode:[eventfd]") {
            found.push_back(std::stoi(entry.path().filename()));
        }
    }
    return found;
}

inline void ring(int fd) {
    step("write to the signal's eventfd, without a signal");
    std::uint64_t const one = 1;
    CHECK(::write(fd, &one, sizeof one) == sizeof one);
}

}  // namespace support
