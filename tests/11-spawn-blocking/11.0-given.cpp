/// \file
/// 11.0: the options of a pool, and what spawn_blocking refuses.
#include "pool_under_test.hpp"

#include <doctest/doctest.h>
#include <rt/current_thread.hpp>
#include <rt/spawn_blocking.hpp>
#include <support/death.hpp>
#include <support/show.hpp>

#include <chrono>

using namespace support;
using namespace std::chrono_literals;

TEST_SUITE("11.0 given: options and refusals") {
    TEST_CASE("unless told otherwise there are 512 threads at most and they leave after ten seconds") {
        CHECK(rt::BlockingOptions().max_threads == 512);
        CHECK(rt::BlockingOptions().idle_time == 10s);
    }

    TEST_CASE("a pool without threads is refused") {
        auto body = [] {
            rt::CurrentThread runtime;
            rt::BlockingOptions options;
            options.max_threads = 0;
            runtime.service<rt::BlockingPool>().set_options(options);
        };
        expect_violation("BlockingPool::set_options was called with max_threads = 0", body, Noticed::in_every_build);
    }

    TEST_CASE("spawn_blocking needs a runtime") {
        auto three = [] { return 3; };
        expect_violation(
            "spawn_blocking: was used without a runtime", [three] { (void)rt::spawn_blocking(three); },
            Noticed::in_every_build);
    }
}
