/// \file
/// `expect_violation("sentence", [] { … })`: this code must end the program with that sentence.
#pragma once

#include <rt/violation.hpp>
#include <support/story.hpp>

#include <doctest/doctest.h>

#include <functional>
#include <source_location>
#include <string>
#include <string_view>

namespace support {

/// In which builds a broken rule is noticed.
enum class Noticed {
    where_checks_are_on,  ///< only where RT_CHECKS is 1. Other builds print that they skip the expectation.
    in_every_build,
};

/// What a child process printed on stderr, and its status from waitpid.
struct Ended {
    std::string printed;
    int status;
};

/// Runs `body` in a forked child with a watchdog of its own, and waits for its end. If `body` reaches a hole of a starter, this
/// process ends like the child did.
Ended run_in_a_child(const std::function<void()>& body);

/// Runs `body` in a child process. Returns an empty string if the child aborted and printed `sentence` on stderr, and
/// otherwise what happened instead. If `body` hangs, the child's watchdog ends it.
std::string how_it_missed_its_end(std::string_view sentence, const std::function<void()>& body);

/// Expects that `body` breaks a rule, and that the program ends with `sentence` somewhere in the message.
///
/// `body` runs in a forked child. It sees copies of the test's variables. The test's threads don't exist in the child.
inline void expect_violation(std::string_view sentence, const std::function<void()>& body,
                             Noticed noticed = Noticed::where_checks_are_on,
                             std::source_location where = std::source_location::current()) {
    if (!rt::checks_enabled && noticed == Noticed::where_checks_are_on) {
        step("skipped, checks are off in this build: expect \"{}\"", sentence);
        fmt::print("skipped, checks are off in this build: expect \"{}\"\n", sentence);
        return;
    }
    step("expect the program to end with \"{}\"", sentence);
    if (std::string const found = how_it_missed_its_end(sentence, body); !found.empty()) {
        ADD_FAIL_CHECK_AT(where.file_name(), static_cast<int>(where.line()), found);
    }
}

}  // namespace support
