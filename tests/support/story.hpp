/// \file
/// `step("wake the kettle")`: a numbered step of a test. A test that fails prints the steps that led there.
///
/// Each step and each assertion also tells the watchdog that the test makes progress (watchdog.hpp).
///
/// Thread safety: any thread may record steps. They take a lock, so a stress test calls `still_alive` instead.
#pragma once

#include <cstddef>
#include <cstdio>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

namespace support {

/// The number of a step within its test case, from 1.
using StepNumber = std::size_t;

/// Records a step that is already text. Called by `step`.
StepNumber record_step(std::string text);

/// Records what the test does next: `step("poll the kettle, poll {}", n)`.
StepNumber step(const char* text);
template <class... Args>
    requires(sizeof...(Args) > 0)
StepNumber step(fmt::format_string<Args...> text, Args&&... args) {
    return record_step(fmt::format(text, std::forward<Args>(args)...));
}

/// Adds the outcome of a step: "poll the kettle" becomes "poll the kettle: Pending".
void add_outcome(StepNumber number, std::string_view outcome);

/// Tells the watchdog that the test makes progress, without a step. Called in long loops.
void still_alive() noexcept;

/// The steps that were not printed yet, with a mark at the last one. Called for a failed assertion.
std::string story_so_far();
/// Prints the test case's name and all its steps. Called when a violation or a sanitizer ends the test.
void tell_story(std::FILE* out);

/// All steps. Called by the watchdog.
std::string all_steps();
/// The last step, or an empty string. Called by the watchdog.
std::string last_step();

/// Forgets all steps. Called at the start of each test case, with its name.
void begin_story(std::string test_case);
/// The name of the test case that runs.
std::string current_case();

/// How many steps, assertions, and calls of `still_alive` have passed. Called by the watchdog.
std::size_t signs_of_life() noexcept;

}  // namespace support
