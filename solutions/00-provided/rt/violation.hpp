/// \file
/// Given: `violation`, which reports a broken rule. Lesson 03 uses it to catch futures that break their contract.
#pragma once

#include <cstdio>
#include <cstdlib>

/// 1 if this build checks the rules: each build except a release build.
#ifndef RT_CHECKS
#ifdef NDEBUG
#define RT_CHECKS 0
#else
#define RT_CHECKS 1
#endif
#endif

namespace rt {

/// True if this build checks the rules. See RT_CHECKS.
inline constexpr bool checks_enabled = RT_CHECKS != 0;

/// Prints `sentence`, which says what happened and what to do instead, and aborts, so a debugger stops here. `subject`
/// names the thing that it happened to. If there is one, prints it first.
///
/// Called for mistakes in the program. Errors of the outside world, such as a broken connection, are exceptions.
[[noreturn]] inline void violation(const char* sentence, const char* subject = nullptr) noexcept {
    std::fflush(stdout);
    if (subject != nullptr) {
        std::fprintf(stderr, "rt: %s: %s\n", subject, sentence);
    } else {
        std::fprintf(stderr, "rt: %s\n", sentence);
    }
    std::abort();
}

namespace detail {

/// What `pointer` points to. If `pointer` is null, because it was moved from, prints `sentence` and aborts.
template <class Pointer>
auto& checked(const Pointer& pointer, const char* sentence) noexcept {
    if (pointer == nullptr) {
        violation(sentence);
    }
    return *pointer;
}

}  // namespace detail
}  // namespace rt
