/// \file
/// `first_poll(tea, "…")`: a first poll, which must not be taken for one too many.
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
    "the first poll of then was taken for one after Ready: does its poll call itself? a Contract takes each call for one "
    "more poll, so answer, or go on, in the same one";

/// What `tea`, which `then` made and nobody has polled, answers. If it says already then, in a child process, that it was
/// polled after Ready, the case ends with the sentence `why`.
template <rt::Future F>
rt::Poll<rt::OutputOf<F>> first_poll(F& tea, const std::string& why,
                                     std::source_location where = std::source_location::current()) {
    step("poll tea");
    Ended const ended = run_in_a_child([&tea] { (void)poll_once(tea); });
    if (ended.printed.find("then: polled after Ready") != std::string::npos) {
        ADD_FAIL_AT(where.file_name(), static_cast<int>(where.line()), why);
    }
    return poll_once(tea);
}

}  // namespace support
