/// \file
/// An execution as text: a row for each operation, a column for each thread.
#pragma once

#include <support/explore/explorer.hpp>

#include <cstdint>
#include <source_location>
#include <string>
#include <vector>

namespace explore {

/// What a thread has done.
struct Row {
    int thread = 0;
    detail::Kind kind{};
    std::source_location where{};
    std::uint64_t value = 0;   ///< that was read or written; of a notification, how many threads waited
    std::uint64_t before = 0;  ///< the value that was replaced
    bool writes = false;       ///< an atomic
    bool reads = false;        ///< an atomic, with the same operation
    bool is_old = false;       ///< a load has returned an earlier value
    bool is_in_vain = false;   ///< an exchange has failed, or nobody has notified
    bool waits = false;        ///< for good
};

/// The last rows, with the source line of each. Fits a terminal of 80 columns and 24 rows if there are two threads.
std::string columns(const std::vector<Row>& rows, int threads);

}  // namespace explore
