#include <doctest/doctest.h>
#include <rt/future.hpp>
#include <support/death.hpp>
#include <support/poll_once.hpp>

#include <functional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

using namespace support;
using rt::Context;
using rt::Pending;
using rt::Poll;
using rt::Ready;
using rt::Waker;

namespace {

// In a release build the contract costs nothing.
static_assert(rt::checks_enabled ? sizeof(rt::Countdown) > sizeof(int) : sizeof(rt::Countdown) == sizeof(int));

/// What stands behind `beginning` and a colon, on the same line.
std::string said_after(std::string_view beginning, const std::string& printed) {
    std::size_t const at = printed.find(beginning);
    if (at == printed.npos) {
        return "";
    }
    std::string const rest = printed.substr(at + beginning.size());
    return rest.starts_with(":") ? rest.substr(1, rest.find('\n') - 1) : "";
}

int words_in(const std::string& text) {
    std::istringstream words(text);
    int count = 0;
    for (std::string word; words >> word;) {
        count += word.find("…") == word.npos ? 1 : 0;
    }
    return count;
}

/// Expects that `body` breaks a rule, and that what is said of it begins like this, and goes on.
void expect_sentence(std::string_view beginning, const std::function<void()>& body) {
    expect_violation(beginning, body);
    if (rt::checks_enabled) {
        step("expect that \"{}:\" is followed by what to do", beginning);
        std::string const said = said_after(beginning, run_in_a_child(body).printed);
        CHECK_MESSAGE(words_in(said) >= 4,
                      "whoever reads this has made a mistake, and wants to know what to do instead: "
                      "a sentence of some words, after the colon");
    }
}

}  // namespace

TEST_SUITE("03.3 the contract") {
    TEST_CASE("polled after Ready") {
        expect_sentence("ready: polled after Ready", [] {
            auto future = rt::ready(3);
            (void)poll_once(future);
            (void)poll_once(future);
        });
        expect_violation("ready: polled after Ready", [] {
            auto future = rt::ready();
            (void)poll_once(future);
            (void)poll_once(future);
        });
        expect_violation("Countdown: polled after Ready", [] {
            rt::Countdown future(1);
            (void)poll_once(future);
            (void)poll_once(future);
            (void)poll_once(future);
        });
        expect_violation("poll_fn: polled after Ready", [] {
            auto future = rt::poll_fn([](Context&) -> Poll<int> { return Ready(3); });
            (void)poll_once(future);
            (void)poll_once(future);
        });
    }

    TEST_CASE("an exception ends a future too") {
        expect_violation("poll_fn: polled after Ready", [] {
            auto future = rt::poll_fn([](Context&) -> Poll<int> { throw std::runtime_error("the kettle burst"); });
            try {
                (void)poll_once(future);
            } catch (const std::runtime_error&) {}
            (void)poll_once(future);
        });
    }

    TEST_CASE("moved after its first poll") {
        expect_sentence("moved after its first poll", [] {
            rt::Countdown future(2);
            (void)poll_once(future);
            [[maybe_unused]] rt::Countdown moved = std::move(future);
        });
        expect_violation("moved after its first poll", [] {
            auto future = rt::pending<int>();
            (void)poll_once(future);
            [[maybe_unused]] auto moved = std::move(future);
        });
        expect_violation("moved after its first poll", [] {
            auto future = rt::poll_fn([](Context&) -> Poll<int> { return Pending; });
            (void)poll_once(future);
            [[maybe_unused]] auto moved = std::move(future);
        });
    }

    TEST_CASE("assigned to after its first poll") {
        expect_sentence("assigned to after its first poll", [] {
            rt::Countdown future(2);
            (void)poll_once(future);
            future = rt::Countdown(3);
        });
    }

    TEST_CASE("polled after it was moved away") {
        expect_sentence("Countdown: polled after it was moved away", [] {
            rt::Countdown future(2);
            [[maybe_unused]] rt::Countdown moved = std::move(future);
            (void)poll_once(future);  // NOLINT: the mistake
        });
    }
}
