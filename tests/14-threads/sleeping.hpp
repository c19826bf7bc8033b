/// \file
/// Waits until the workers of a runtime have gone to sleep, as the trace tells it.
#pragma once

#include <rt/trace.hpp>
#include <support/trace_log.hpp>

#include <cstddef>
#include <set>
#include <string>

/// Waits until `workers` of them sleep for good: not for the time of a watch. `log` listens to park and unpark since before
/// the runtime was made; nobody else parks meanwhile.
inline void wait_until_asleep(const support::TraceLog& log, std::size_t workers) {
    for (int parks = 1;; ++parks) {
        log.wait_for(rt::trace::Kind::park, parks);
        std::string const text = log.text();
        std::set<std::string> asleep;
        for (std::size_t begin = 0; begin < text.size();) {
            std::size_t const end = text.find('\n', begin);
            std::string const line = text.substr(begin, end - begin);
            if (line.starts_with("unpark ")) {
                asleep.erase(line.substr(7));
            } else if (!line.ends_with(" with a deadline")) {
                asleep.insert(line.substr(5));
            }
            begin = end + 1;
        }
        if (asleep.size() == workers) {
            return;
        }
    }
}
