/// \file
/// The `main` of every test is doctest's, with three additions. A failure prints the test's steps. The watchdog ends a
/// test that hangs. A run without a test case fails with status 2, although doctest would exit with 0 if its filter
/// matches nothing.
#include <ostream>

namespace doctest::detail {

// doctest 2.5 shows a pointer as a `const volatile void*`, which a stream takes for a bool until C++23.
inline std::ostream& operator<<(std::ostream& out, const volatile void* address) {
    return out << const_cast<const void*>(address);
}

}  // namespace doctest::detail

#define DOCTEST_CONFIG_IMPLEMENT
#define DOCTEST_CONFIG_NO_POSIX_SIGNALS
#include <doctest/doctest.h>

#include <observe/record.hpp>
#include <support/sanitizers.hpp>
#include <support/story.hpp>
#include <support/watchdog.hpp>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <sstream>
#include <string>
#include <string_view>

#include <fmt/format.h>

// The sanitizers look these up by name. Tests of violations fork, and the child may start threads.
extern "C" const char* __tsan_default_options();
extern "C" const char* __tsan_default_options() { return "die_after_fork=0:atexit_sleep_ms=0"; }
extern "C" void __sanitizer_set_death_callback(void (*callback)()) __attribute__((weak));

namespace {

bool some_case_ran = false;
bool marks_passed = false;
constexpr std::string_view mark_passed = "--mark-passed";  // from `./learn`: print a mark after each case that passed

/// Tells the watchdog of every assertion, and begins a new story for every test case.
struct StoryListener : doctest::IReporter {
    explicit StoryListener(const doctest::ContextOptions&) {}

    void test_run_start() override { support::start_watchdog(); }
    void test_run_end(const doctest::TestRunStats& stats) override {
        some_case_ran = stats.numTestCasesPassingFilters > 0;
    }
    void test_case_start(const doctest::TestCaseData& test) override { begin(test); }
    void test_case_reenter(const doctest::TestCaseData& test) override { begin(test); }
    void log_assert(const doctest::AssertData&) override { support::still_alive(); }

    void report_query(const doctest::QueryData&) override {}
    void test_case_end(const doctest::CurrentTestCaseStats& stats) override {
        if (marks_passed && stats.testCaseSuccess) {
            std::fputc('\x1e', stdout);
            std::fflush(stdout);
        }
    }
    void test_case_exception(const doctest::TestCaseException&) override {}
    void subcase_start(const doctest::SubcaseSignature&) override {}
    void subcase_end() override {}
    void log_message(const doctest::MessageData&) override {}
    void test_case_skipped(const doctest::TestCaseData&) override {}

  private:
    static void begin(const doctest::TestCaseData& test) {
        rt::record::forget();
        support::begin_story(fmt::format("{}: {}", test.m_test_suite, test.m_name));
    }
};

/// doctest's console reporter, but a failure prints the steps, what was expected, and what was found.
struct StoryReporter : doctest::ConsoleReporter {
    explicit StoryReporter(const doctest::ContextOptions& options) : doctest::ConsoleReporter(options) {}

    void test_run_end(const doctest::TestRunStats& stats) override {
        if (stats.numTestCasesPassingFilters > 0) {  // otherwise `main` prints a sentence
            doctest::ConsoleReporter::test_run_end(stats);
        }
    }

    void log_assert(const doctest::AssertData& data) override {
        if (!data.m_failed) {
            doctest::ConsoleReporter::log_assert(data);
            return;
        }
        tell();
        Guard guard(mutex);
        bool const is_of_a_value = (data.m_at & doctest::assertType::is_normal) != 0;
        bool const negated = (data.m_at & doctest::assertType::is_false) != 0;
        say_why();
        s << doctest::Color::Green << "  expected  " << doctest::Color::None << (negated ? "not " : "") << data.m_expr
          << (is_of_a_value ? "" : wanted_throw(data)).c_str() << "\n"
          << doctest::Color::Red << "  found     " << doctest::Color::None
          << (is_of_a_value && !data.m_threw ? found(data, negated) : thrown(data)).c_str() << "\n";
        s << "  in        " << data.m_file << ":" << data.m_line << "\n\n"
          << std::flush;  // before a crash that may follow
    }

    void log_message(const doctest::MessageData& data) override {
        if ((data.m_severity & doctest::assertType::is_warn) != 0) {
            doctest::ConsoleReporter::log_message(data);
            return;
        }
        tell();
        Guard guard(mutex);
        say_why();
        s << "  found     " << data.m_string.c_str() << "\n  in        " << data.m_file << ":" << data.m_line << "\n\n"
          << std::flush;
    }

    void test_case_exception(const doctest::TestCaseException& exception) override {
        tell();
        Guard guard(mutex);
        for (int i = get_num_stringified_contexts(); i > 0; --i) {  // those that the exception has left behind it
            s << "  why       " << get_stringified_contexts()[i - 1] << "\n";
        }
        s << "  found     " << (exception.is_crash ? "a crash" : "an exception ended the test")
          << said_by(exception.error_string).c_str() << "\n  in        " << tc->m_file.c_str() << ":" << tc->m_line
          << "\n\n";
    }

  private:
    /// Which exception the test asks for.
    static std::string wanted_throw(const doctest::AssertData& data) {
        if ((data.m_at & doctest::assertType::is_nothrow) != 0) {
            return " throws nothing";
        }
        std::string text = " throws";
        if ((data.m_at & doctest::assertType::is_throws_as) != 0) {
            text += fmt::format(" {}", data.m_exception_type);
        }
        if ((data.m_at & doctest::assertType::is_throws_with) != 0) {
            text += fmt::format(" \"{}\"", data.m_exception_string.c_str());
        }
        return text;
    }

    static std::string thrown(const doctest::AssertData& data) {
        if (!data.m_threw) {
            return "nothing was thrown";
        }
        bool const of_a_type = (data.m_at & doctest::assertType::is_throws_as) != 0;
        return (of_a_type ? "another exception" : "an exception") + said_by(data.m_exception);
    }

    /// The message of an exception. doctest puts it into quotation marks for an assertion, and not for a test case.
    static std::string said_by(const doctest::String& exception) {
        std::string_view what(exception.c_str());
        if (what.size() >= 2 && what.starts_with('"') && what.ends_with('"')) {
            what = what.substr(1, what.size() - 2);
        }
        return what == "unknown exception" ? ", which isn't a std::exception" : fmt::format(": {}", what);
    }

    /// What was found, without the part that the line `expected` shows already. For `x == 2`, doctest gives `1 == 2`,
    /// and this returns `1`.
    static std::string found(const doctest::AssertData& data, bool negated) {
        std::string_view const expected(data.m_expr);
        std::string_view const text(data.m_decomp.c_str());
        if (text.starts_with("{?}") && text.ends_with("{?}")) {  // doctest can't print it, but it is a bool here
            return negated ? "true" : "false";
        }
        for (std::string_view const sign : {"==", "!=", "<=", ">=", "<", ">"}) {
            // doctest pads the short signs to three characters: `1 <  3`.
            std::string const asked = fmt::format(" {} ", sign);
            std::string const answered = fmt::format(" {:<2} ", sign);
            std::size_t const at = expected.rfind(asked);
            if (at == expected.npos || text.find(answered) == text.npos) {
                continue;
            }
            std::string const right = answered + std::string(expected.substr(at + asked.size()));
            if (text.ends_with(answered) && right == answered + "\"\"" &&
                text.find(answered) == text.size() - answered.size()) {
                return std::string(text.substr(0, text.size() - answered.size()));  // doctest prints "" as nothing
            }
            if (text.ends_with(right) && text.find(answered) == text.size() - right.size()) {
                return std::string(text.substr(0, text.size() - right.size()));
            }
            if (text.starts_with("0x") && text.substr(text.find(answered) + answered.size()).starts_with("0x")) {
                return sign == "==" ? "another address" : "the same address";
            }
            std::string shown((text.starts_with(answered) ? "\"\"" : "") + std::string(text));
            return shown.replace(shown.find(answered), answered.size(), asked);
        }
        return std::string(text);
    }

    /// Prints why the test expects this, in the words of CHECK_MESSAGE and INFO.
    void say_why() {
        const doctest::IContextScope* const* const reasons = get_active_contexts();
        for (int i = 0; i < get_num_active_contexts(); ++i) {
            std::ostringstream reason;
            reasons[i]->stringify(&reason);
            if (!reason.str().empty()) {
                s << doctest::Color::None << "  why       " << reason.str().c_str() << "\n";
            }
        }
    }

    using Guard = std::lock_guard<decltype(mutex)>;

    void tell() {
        Guard guard(mutex);
        if (told_of_ != tc) {
            told_of_ = tc;
            hasLoggedCurrentTestStart = true;  // instead of doctest's own headline
            s << doctest::Color::None << "\n" << tc->m_test_suite << ": " << tc->m_name << "\n";
        }
        s << support::story_so_far().c_str();
    }

    const doctest::TestCaseData* told_of_ = nullptr;
};

REGISTER_LISTENER("life", 0, StoryListener);
REGISTER_REPORTER("story", 0, StoryReporter);

void tell_on_signal(int) { support::tell_story(stderr); }  // SA_RESETHAND lets the default action follow

void tell_on_crash() {
    struct sigaction action = {};
    action.sa_handler = tell_on_signal;
    action.sa_flags = static_cast<int>(SA_RESETHAND);
    sigaction(SIGABRT, &action, nullptr);
    if (__sanitizer_set_death_callback != nullptr) {
        __sanitizer_set_death_callback([] { support::tell_story(stderr); });
    } else {
        sigaction(SIGSEGV, &action, nullptr);
        sigaction(SIGBUS, &action, nullptr);
        sigaction(SIGFPE, &action, nullptr);
    }
}

bool chooses_reporter(int argc, char** argv) {
    for (int i = 1; i < argc; ++i) {
        std::string_view const arg(argv[i]);
        if (arg.find("reporters=") != arg.npos || arg.starts_with("-r=")) {
            return true;
        }
    }
    return false;
}

}  // namespace

int main(int argc, char** argv) {
    doctest::Context context;
    if (!chooses_reporter(argc, argv)) {
        context.addFilter("reporters", "story");
    }
    context.setOption("no-intro", true);
    context.applyCommandLine(argc, argv);
    marks_passed = std::find(argv, argv + argc, mark_passed) != argv + argc;
    tell_on_crash();
    int const status = context.run();
    if (context.shouldExit()) {  // doctest only had to list its cases, for example
        return status;
    }
    if (status == 0 && !some_case_ran) {
        std::fputs("no test case ran, because the filter matches none. List them with --list-test-cases.\n", stderr);
        return 2;
    }
    return status;
}
