/// \file
/// `expect_more_polls(future, "pending")`: a future that returned Pending can be polled again.
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

/// Expects that `future`, which has just returned Pending, called `contract_.pending()`. Polls it once more, in a child
/// process. If the Contract reports that poll, the test case ends with a sentence that calls the future `name`.
template <class F>
void expect_more_polls(F& future, std::string_view name, std::source_location where = std::source_location::current()) {
    step("expect that {} may be polled again", name);
    Ended const ended = run_in_a_child([&] {
        rt::Waker const waker = rt::Waker::noop();
        rt::Context cx(waker);
        (void)future.poll(cx);
    });
    if (ended.printed.find("polled after Ready") != std::string::npos) {
        ADD_FAIL_AT(
            where.file_name(), static_cast<int>(where.line()),
            fmt::format("{} answered Pending without `contract_.pending()`, so its Contract thinks that it is done. "
                        "Return `contract_.pending()` instead.",
                        name));
    }
}

}  // namespace support
