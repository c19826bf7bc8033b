/// \file
/// 18.0: what a learner doesn't write: the checks of the ends of an mpsc channel.
#include <doctest/doctest.h>
#include <rt/mpsc.hpp>
#include <support/death.hpp>

#include <tuple>
#include <utility>

using namespace support;
namespace mpsc = rt::mpsc;

TEST_SUITE("18.0 given: mpsc") {
    TEST_CASE("a capacity of 0 is refused") {
        expect_violation(
            "mpsc::channel was called with a capacity of 0", [] { std::ignore = mpsc::channel<int>(0); },
            Noticed::in_every_build);
    }

    TEST_CASE("a moved-from end says so") {
        expect_violation(
            "an mpsc sender was used after it was moved from",
            [] {
                auto [sender, receiver] = mpsc::channel<int>(1);
                auto moved = std::move(sender);
                std::ignore = sender.is_closed();
            },
            Noticed::in_every_build);
    }
}
