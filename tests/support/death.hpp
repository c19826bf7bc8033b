/// \file
/// `expect_violation("sentence", []{…})`: the program must end right there, with that sentence.
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
    where_checks_are_on,  ///< where RT_CHECKS is 1; elsewhere the expectation is skipped, with a word
    in_every_build,
};

/// How a child process ended: what it printed on stderr, and what waitpid says.
struct Ended {
    std::string printed;
    int status;
};

/// Runs `body` in a forked child, which has a watchdog of its own, to its end.
Ended run_in_a_child(const std::function<void()>& body);

/// Runs `body` in a child process; empty if it aborted with `sentence` in what it printed on stderr, else
/// what happened instead. If `body` meets a hole of a starter, this process ends as it would have, with the
/// hole's sentence. If it hangs, the child's watchdog ends it.
std::string how_it_missed_its_end(std::string_view sentence, const std::function<void()>& body);

/// Expects that `body` breaks a rule, and that the program ends with `sentence` somewhere in the message.
///
/// `body` runs in a forked child: it sees the test's variables, and changes none of them. Threads of the test
/// do not exist in the child; what `body` starts itself does.
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
