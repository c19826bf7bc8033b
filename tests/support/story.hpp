/// \file
/// A test reads as a story: `step("wake the kettle")`. When it fails, it tells the numbered steps that led
/// there.
///
/// Each step, and each assertion, also tells the watchdog that the test is alive (see watchdog.hpp). Steps
/// may come from any thread; they are kept under a lock, so a stress test that must not be slowed down says
/// `still_alive` now and then.
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

/// Records what is about to happen: `step("poll the kettle for the {}. time", n)`.
StepNumber step(const char* text);
template <class... Args>
    requires(sizeof...(Args) > 0)
StepNumber step(fmt::format_string<Args...> text, Args&&... args) {
    return record_step(fmt::format(text, std::forward<Args>(args)...));
}

/// Adds what came of a step: "poll the kettle" becomes "poll the kettle: Pending".
void add_outcome(StepNumber number, std::string_view outcome);

/// Tells the watchdog that the test gets on, without a step. Called in long loops.
void still_alive() noexcept;

/// The steps that were not told yet, the last one marked. Called for a failed assertion.
std::string story_so_far();
/// Prints the test case's name and all its steps. Called when the test ends before its time: by a violation, a sanitizer.
void tell_story(std::FILE* out);

/// All steps, told or not. Called by the watchdog.
std::string all_steps();
/// The last step, for the watchdog; empty if there is none.
std::string last_step();

/// Forgets all steps. Called at the start of each test case, whose name this is.
void begin_story(std::string test_case);
/// The name of the test case that runs.
std::string current_case();

/// How often a step, an assertion or `still_alive` has passed. Called by the watchdog.
std::size_t signs_of_life() noexcept;

}  // namespace support
