#include <doctest/doctest.h>
#include <rt/flavor.hpp>
#include <support/story.hpp>

#include <optional>
#include <string_view>

using namespace support;
using rt::Flavor;

TEST_SUITE("19.0 given: flavor") {
    TEST_CASE("each name is read") {
        step("read the names");
        CHECK(Flavor::parse("current_thread") == Flavor::current_thread());
        CHECK(Flavor::parse("multi_thread") == Flavor::multi_thread());
        CHECK(Flavor::parse("multi_thread:1") == Flavor::multi_thread(1));
        CHECK(Flavor::parse("multi_thread:1024") == Flavor::multi_thread(1024));
        CHECK(Flavor::parse("poll_loop") == Flavor::poll_loop());
        CHECK(Flavor::parse("asio") == Flavor::asio());
        CHECK(Flavor::parse("multi_thread:3")->workers == 3);
    }

    TEST_CASE("what is not a name is nothing") {
        for (std::string_view text : {"", "tokio", "Current_Thread", "current_thread ", "multi_thread:",
                                      "multi_thread:0", "multi_thread:x", "multi_thread:2x", "multi_thread:-1",
                                      "multi_thread:1025", "multi_thread:99999999999", "asio:2", "poll_loop:2"}) {
            step("read '{}'", text);
            CHECK(Flavor::parse(text) == std::nullopt);
        }
    }

    TEST_CASE("to_string is what parse reads") {
        for (Flavor flavor : {Flavor::current_thread(), Flavor::multi_thread(), Flavor::multi_thread(7),
                              Flavor::poll_loop(), Flavor::asio()}) {
            step("print and read {}", flavor.to_string());
            CHECK(Flavor::parse(flavor.to_string()) == flavor);
        }
    }
}
