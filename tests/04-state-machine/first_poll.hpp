/// \file
/// `expect_first_poll(tea, "…")`: a `then` may be polled, with advice if its Contract reports the first poll.
#pragma once

#include <rt/future.hpp>
#include <support/death.hpp>
#include <support/poll_once.hpp>
#include <support/story.hpp>

#include <doctest/doctest.h>

#include <source_location>
#include <string>

namespace support {

inline constexpr char calls_itself[] =
    "the Contract took the first poll of then for a second one. Don't call poll from poll. Return an answer, or go on in the "
    "same call.";

/// Expects that `tea`, which `then` made and nobody has polled, may be polled. Polls it in a child process. If its Contract
/// reports "polled after Ready" there, the test case ends with the sentence `why`.
template <rt::Future F>
void expect_first_poll(F& tea, const std::string& why, std::source_location where = std::source_location::current()) {
    step("expect that tea may be polled");
    Ended const ended = run_in_a_child([&tea] { (void)poll_once(tea); });
    if (ended.printed.find("then: polled after Ready") != std::string::npos) {
        ADD_FAIL_AT(where.file_name(), static_cast<int>(where.line()), why);
    }
}

}  // namespace support
