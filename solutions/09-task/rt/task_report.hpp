/// \file
/// Given: how a task is named in messages, and the message for a lost outcome. You use `Cancelled` only.
#pragma once

#include <rt/print.hpp>
#include <rt/violation.hpp>

#include <exception>
#include <source_location>
#include <string>
#include <utility>

namespace rt {

/// Thrown to the awaiter of a task that was aborted, or whose runtime was destroyed.
class Cancelled : public std::exception {
  public:
    const char* what() const noexcept override { return "the task was aborted"; }
};

namespace detail {

/// Where a task was spawned. Only builds with checks know it.
class TaskOrigin {
  public:
    explicit TaskOrigin([[maybe_unused]] std::source_location where) noexcept {
#if RT_CHECKS
        where_ = where;
#endif
    }

    /// Ends the program: no waker, no handle, and no queue knows the task any more, so nothing can wake it.
    void report_lost() const noexcept {
        if constexpr (checks_enabled) {
            violation(
                "returned Pending but kept no waker, so nothing can ever wake it. Store a copy of cx.waker() before "
                "you return Pending.",
                name().c_str());
        }
    }

    /// Prints an exception that the task ended with, because nobody can ask for it any more. Prints the same line only
    /// once, because a client of a server may be able to cause the exception again and again.
    void report_unawaited(std::exception_ptr exception) const noexcept {
        try {
            std::rethrow_exception(std::move(exception));
        } catch (const Cancelled&) {
            return;  // the task passed an abort on, so nothing is lost
        } catch (const std::exception& error) {
            eprintln_once("rt: {} ended with an exception that nobody awaited: {}", name(), error.what());
        } catch (...) {
            eprintln_once("rt: {} ended with an exception that nobody awaited", name());
        }
    }

  private:
#if RT_CHECKS
    std::string name() const {
        return where_.line() == 0
                   ? "a task spawned with arguments"
                   : "the task spawned at " + std::string(where_.file_name()) + ":" + std::to_string(where_.line());
    }

    std::source_location where_;
#else
    static std::string name() { return "a task"; }
#endif
};

}  // namespace detail
}  // namespace rt
