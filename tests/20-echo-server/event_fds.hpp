/// \file
/// The eventfds of this process: each Signal has one.
#pragma once

#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

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

}  // namespace support
