/// \file
/// Given: `todo`, which marks a hole in a starter. You replace each call of it with your code.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace rt {

/// Prints `what`, for example "05.1 park until unparked", and ends the process with status 3. It does not throw, so
/// it also works in destructors and noexcept functions. It ignores all other arguments. A starter passes the
/// variables that only your code uses, so the compiler does not warn about them.
template <class... Unused>
[[noreturn]] void todo(std::string_view what, const Unused&...) noexcept {
    std::fflush(stdout);
    std::fprintf(stderr, "TODO(%.*s)\n", static_cast<int>(what.size()), what.data());
    std::_Exit(3);
}

}  // namespace rt
