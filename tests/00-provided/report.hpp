/// \file
/// Reports as the tests expect them: without what differs from run to run.
#pragma once

#include <regex>
#include <string>

namespace support {

/// Seconds, counts of polls in a loop and lines of source become N.
inline std::string without_numbers(std::string text) {
    text = std::regex_replace(text, std::regex(R"(\d+(\.\d)? s\b)"), "N s");
    text = std::regex_replace(text, std::regex(R"(\d+ (times|polls in))"), "N $1");
    return std::regex_replace(text, std::regex(R"((\.[ch]pp):\d+)"), "$1:N");
}

}  // namespace support
