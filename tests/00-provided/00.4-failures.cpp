#include <doctest/doctest.h>
#include <rt/violation.hpp>
#include <rt/waker.hpp>
#include <support/counting_waker.hpp>
#include <support/death.hpp>
#include <support/show.hpp>
#include <support/story.hpp>

#include <cstddef>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <stdexcept>
#include <string>

using namespace support;

namespace {

struct Tea {
    int leaves;
    bool operator==(const Tea&) const = default;
};

/// What this program prints of its case `name`, from the first step on: of one that fails, and is skipped unless asked for.
std::string failure(const std::string& name) {
    step("run {}", name);
    std::string const command = std::filesystem::read_symlink("/proc/self/exe").string() +
                                " --no-skip --no-colors --no-version --test-case='" + name + "'";
    std::FILE* const pipe = popen(command.c_str(), "r");
    REQUIRE(pipe != nullptr);
    std::string text;
    char buffer[4096];
    while (std::size_t const n = std::fread(buffer, 1, sizeof buffer, pipe)) {
        text.append(buffer, n);
    }
    CHECK(pclose(pipe) != 0);
    std::size_t const begin = text.find("  1. ");
    std::size_t const end = text.find("  in        ", begin);
    CHECK(text.find("00.4-failures.cpp:", end) != text.npos);
    return text.substr(begin, end - begin);
}

int pour(int cup) {
    if (cup == 2) {
        throw std::logic_error("no cup");
    }
    if (cup == 3) {
        throw cup;
    }
    return cup;
}

}  // namespace

TEST_SUITE("00.4 failures") {
    TEST_CASE("the sign is not said twice") {
        CHECK(failure("fails: too few cups") == "  1. count   <-- here\n  expected  cups > 3\n  found     1\n");
    }
    TEST_CASE("fails: too few cups" * doctest::skip()) {
        step("count");
        int const cups = 1;
        CHECK(cups > 3);
    }

    TEST_CASE("what both sides are is said where the right one is a name") {
        CHECK(failure("fails: too many cups") ==
              "  1. count   <-- here\n  expected  cups < limit\n  found     5 < 3\n");
    }
    TEST_CASE("fails: too many cups" * doctest::skip()) {
        step("count");
        int const cups = 5;
        int const limit = 3;
        CHECK(cups < limit);
    }

    TEST_CASE("a waker is told from an empty one") {
        CHECK(failure("fails: an empty waker") ==
              "  1. look into the slot   <-- here\n  expected  waker\n  found     an empty waker\n");
        CHECK(failure("fails: a waker") ==
              "  1. look into the slot   <-- here\n  expected  not waker\n  found     a waker\n");
    }
    TEST_CASE("fails: an empty waker" * doctest::skip()) {
        step("look into the slot");
        rt::Waker const waker;
        CHECK(waker);
    }
    TEST_CASE("fails: a waker" * doctest::skip()) {
        step("look into the slot");
        rt::Waker const waker = rt::Waker::noop();
        CHECK_FALSE(waker);
    }

    TEST_CASE("a text that is not empty is said without a sign") {
        CHECK(failure("fails: a letter") ==
              "  1. read   <-- here\n  expected  letter == \"\"\n  found     unpark #1\n\n");
    }
    TEST_CASE("fails: a letter" * doctest::skip()) {
        step("read");
        std::string const letter = "unpark #1\n";
        CHECK(letter == "");
    }

    TEST_CASE("an empty text is said and an empty reason is not") {
        CHECK(failure("fails: no letter") ==
              "  1. read   <-- here\n  expected  letter == wanted\n  found     \"\" == a word\n");
    }
    TEST_CASE("fails: no letter" * doctest::skip()) {
        step("read");
        std::string const letter;
        std::string const wanted = "a word";
        CHECK_MESSAGE(letter == wanted, letter);
    }

    TEST_CASE("what cannot be printed is true or false") {
        CHECK(failure("fails: two teas") == "  1. taste   <-- here\n  expected  green == black\n  found     false\n");
    }
    TEST_CASE("fails: two teas" * doctest::skip()) {
        step("taste");
        Tea const green{1};
        Tea const black{2};
        CHECK(green == black);
    }

    TEST_CASE("the reason comes first and addresses are not shown") {
        CHECK(failure("fails: two places") ==
              "  1. look   <-- here\n  why       both must be one\n  expected  &green == &black\n"
              "  found     another address\n");
    }
    TEST_CASE("fails: two places" * doctest::skip()) {
        step("look");
        int const green = 1;
        int const black = 1;
        CHECK_MESSAGE(&green == &black, "both must be one");
    }

    TEST_CASE("no exception is told from one") {
        CHECK(failure("fails: no exception") ==
              "  1. pour   <-- here\n  expected  error != nullptr\n  found     no exception\n");
    }
    TEST_CASE("fails: no exception" * doctest::skip()) {
        step("pour");
        std::exception_ptr const error;
        CHECK(error != nullptr);
    }

    TEST_CASE("an exception that is missing is told from another one") {
        CHECK(failure("fails: nothing thrown") ==
              "  1. pour   <-- here\n  why       the cup is full\n  expected  pour(1) throws std::runtime_error\n"
              "  found     nothing was thrown\n");
        CHECK(failure("fails: another exception") ==
              "  1. pour   <-- here\n  expected  pour(2) throws std::runtime_error\n"
              "  found     another exception: no cup\n");
        CHECK(failure("fails: no std::exception") ==
              "  1. pour   <-- here\n  expected  pour(3) throws std::runtime_error\n"
              "  found     another exception, which isn't a std::exception\n");
    }
    TEST_CASE("fails: nothing thrown" * doctest::skip()) {
        step("pour");
        CHECK_THROWS_AS_MESSAGE(pour(1), std::runtime_error, "the cup is full");
    }
    TEST_CASE("fails: another exception" * doctest::skip()) {
        step("pour");
        CHECK_THROWS_AS(pour(2), std::runtime_error);
    }
    TEST_CASE("fails: no std::exception" * doctest::skip()) {
        step("pour");
        CHECK_THROWS_AS(pour(3), std::runtime_error);
    }

    TEST_CASE("an exception that comes unasked is what was found") {
        CHECK(failure("fails: an exception for a value") ==
              "  1. pour   <-- here\n  expected  pour(2) == 2\n  found     an exception: no cup\n");
        CHECK(failure("fails: an exception for the test") ==
              "  1. pour   <-- here\n  why       the cup is full\n  found     an exception ended the test: no cup\n");
    }
    TEST_CASE("fails: an exception for a value" * doctest::skip()) {
        step("pour");
        CHECK(pour(2) == 2);
    }
    TEST_CASE("fails: an exception for the test" * doctest::skip()) {
        step("pour");
        INFO("the cup is full");
        pour(2);
    }

    TEST_CASE("a rule that goes unnoticed is said once") {
        CHECK(failure("fails: nothing noticed") ==
              "  1. expect the program to end with \"polled after Ready\"   <-- here\n"
              "  found     it went on without a report\n");
    }
    TEST_CASE("fails: nothing noticed" * doctest::skip()) {
        expect_violation("polled after Ready", [] {}, Noticed::in_every_build);
    }

    TEST_CASE("other words for a broken rule are shown") {
        CHECK(failure("fails: other words") ==
              "  1. expect the program to end with \"polled after Ready\"   <-- here\n"
              "  found     it aborted. It printed: rt: the kettle is cold\n");
    }
    TEST_CASE("fails: other words" * doctest::skip()) {
        expect_violation("polled after Ready", [] { rt::violation("the kettle is cold"); }, Noticed::in_every_build);
    }

    TEST_CASE("what a test says of itself stands where a value would") {
        CHECK(failure("fails: in words") == "  1. pour   <-- here\n  found     no cup left\n");
    }
    TEST_CASE("fails: in words" * doctest::skip()) {
        step("pour");
        FAIL_CHECK("no cup left");
    }
}
