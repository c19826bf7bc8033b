/// \file
/// Reports as the tests expect them: without what differs from run to run.
#pragma once

#include <rt/violation.hpp>
#include <support/story.hpp>

#include <regex>
#include <string>

#include <fmt/format.h>

namespace support {

/// Seconds, counts of polls in a loop and lines of source become N.
inline std::string without_numbers(std::string text) {
    text = std::regex_replace(text, std::regex(R"(\d+(\.\d)? s\b)"), "N s");
    text = std::regex_replace(text, std::regex(R"(\d+ (times|polls in))"), "N $1");
    return std::regex_replace(text, std::regex(R"((\.[ch]pp):\d+)"), "$1:N");
}

/// True in a release build, where reports know nothing of queues and wakers: what is expected here is of debug builds.
inline bool is_for_debug_builds() {
    if (!rt::checks_enabled) {
        step("skipped, checks are off in this build");
        fmt::print("skipped, checks are off in this build\n");
    }
    return !rt::checks_enabled;
}

}  // namespace support
