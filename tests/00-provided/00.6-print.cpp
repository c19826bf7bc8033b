#include <doctest/doctest.h>
#include <rt/print.hpp>
#include <support/death.hpp>

#include <cstdio>
#include <string>
#include <string_view>
#include <utility>

using namespace support;
using rt::visible;
using namespace std::string_view_literals;

TEST_SUITE("00.6 print") {
    TEST_CASE("what could command a terminal is shown") {
        CHECK(visible("\x1b[2J\x1b]0;title\x07") == "\\x1b[2J\\x1b]0;title\\x07");
        CHECK(visible("over\rwritten\nline\b\x7f") == "over\\x0dwritten\\x0aline\\x08\\x7f");
        CHECK(visible("a\0b"sv) == "a\\x00b");
        CHECK(visible("\x9b"
                      "31m \xc2\x9b"
                      "31m") == "\\x9b31m \\xc2\\x9b31m");  // one byte, and the same as UTF-8
    }

    TEST_CASE("what people write stays") {
        for (std::string_view text : {"", "plain ~ text", "a\ttab", "Müller 漢 😀 \xc2\xa0"}) {
            CHECK(visible(text) == text);
        }
    }

    TEST_CASE("what is not UTF-8 is shown byte by byte") {
        CHECK(visible("\xff|\x80|\xc3|\xc0\x80|\xf5\x80\x80\x80") ==
              "\\xff|\\x80|\\xc3|\\xc0\\x80|\\xf5\\x80\\x80\\x80");
        CHECK(visible("\xe0\x82\x9b|\xf0\x80\x82\x9b|\xe2\x82") ==
              "\\xe0\\x82\\x9b|\\xf0\\x80\\x82\\x9b|\\xe2\\x82");  // longer than needed, and cut short
    }

    TEST_CASE("an error that cannot be printed harms nobody") {
        for (const char* where : {"/dev/full", ""}) {
            std::FILE* before =
                std::exchange(stderr, *where == '\0' ? std::fopen("/dev/null", "r") : std::fopen(where, "w"));
            std::setvbuf(stderr, nullptr, _IONBF, 0);
            rt::eprintln("nobody reads {}", "this");
            std::fclose(std::exchange(stderr, before));
        }
    }

    TEST_CASE("a repeated line is printed once and 16 kinds at most") {
        const Ended ended = run_in_a_child([] {
            for (int round = 0; round < 3; ++round) {
                for (int kind = 0; kind < 100; ++kind) {
                    rt::eprintln_once("kind {}\x1b", kind);
                }
            }
        });
        std::string expected;
        for (int kind = 0; kind < 16; ++kind) {
            expected += "kind " + std::to_string(kind) + "\\x1b\n";
        }
        CHECK(ended.printed == expected);
    }
}
