/// \file
/// Given: what happens when a rule of the course is broken. The program prints one sentence and ends.
#pragma once

#include <cstdio>
#include <cstdlib>

/// 1 where broken rules are looked for: in every build that is not a release build.
#ifndef RT_CHECKS
#ifdef NDEBUG
#define RT_CHECKS 0
#else
#define RT_CHECKS 1
#endif
#endif

namespace rt {

/// True where broken rules are looked for; see RT_CHECKS.
inline constexpr bool checks_enabled = RT_CHECKS != 0;

/// Prints `sentence` (what happened, and what to do instead), with `subject` (what it happened to) in front if there is
/// one, and aborts, so that a debugger stops right here.
///
/// Called for mistakes in the program, never for events of the outside world: those are exceptions.
[[noreturn]] inline void violation(const char* sentence, const char* subject = nullptr) noexcept {
    std::fflush(stdout);
    if (subject != nullptr) {
        std::fprintf(stderr, "rt: %s: %s\n", subject, sentence);
    } else {
        std::fprintf(stderr, "rt: %s\n", sentence);
    }
    std::abort();
}

}  // namespace rt
