/// \file
/// `expect_more_polls(future, "pending")`: who answered Pending must be ready to be polled again.
#pragma once

#include <rt/waker.hpp>
#include <support/death.hpp>
#include <support/story.hpp>

#include <doctest/doctest.h>

#include <source_location>
#include <string>
#include <string_view>

#include <fmt/format.h>

namespace support {

/// Expects that `future`, which has just answered Pending, has said so to its contract: if a second poll, in a child
/// process, is taken for one too many, the case ends with a sentence about that. `name` is what the sentence calls it.
template <class F>
void expect_more_polls(F& future, std::string_view name, std::source_location where = std::source_location::current()) {
    step("expect that {} may be polled again", name);
    Ended const ended = run_in_a_child([&] {
        rt::Waker const waker = rt::Waker::noop();
        rt::Context cx(waker);
        (void)future.poll(cx);
    });
    // The second is what a starter says that has no words yet for the rule.
    if (ended.printed.find("polled after Ready") != std::string::npos ||
        ended.printed.find("contract_.pending()") != std::string::npos) {
        ADD_FAIL_AT(
            where.file_name(), static_cast<int>(where.line()),
            fmt::format("{} answered Pending without `contract_.pending()`, so its Contract takes it for finished",
                        name));
    }
}

}  // namespace support
