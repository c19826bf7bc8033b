/// \file
/// 19.1: `rt::run` on the two runtimes that you have written. The foreign loops come in 19.9.
#include "what_to_run.hpp"

#include <doctest/doctest.h>
#include <rt/future.hpp>
#include <rt/runtime.hpp>
#include <rt/sys_process.hpp>
#include <support/drop_counter.hpp>
#include <support/story.hpp>

#include <stdexcept>

using namespace support;
using rt::Flavor;

namespace {

constexpr Flavor flavors[] = {Flavor::current_thread(), Flavor::multi_thread(1), Flavor::multi_thread(3)};

}  // namespace

TEST_SUITE("19.1 run") {
    TEST_CASE("values of any kind come back from each runtime") {
        for (Flavor flavor : flavors) {
            step("run on {}", flavor.to_string());
            CHECK(rt::run(flavor, squares()) == 2'686'700);
            CHECK(*rt::run(flavor, move_only()) == 7);
            CHECK(rt::run(flavor, rt::ready(5)) == 5);
            rt::run(flavor, rt::ready());
        }
        CHECK(rt::run(squares()) == 2'686'700);
    }

    TEST_CASE("an exception comes back from each runtime") {
        for (Flavor flavor : flavors) {
            step("run on {}", flavor.to_string());
            CHECK_THROWS_WITH_AS(rt::run(flavor, fail()), "the kettle is broken", std::runtime_error);
        }
    }

    TEST_CASE("a task that is left behind ends with its runtime") {
        for (Flavor flavor : flavors) {
            DropCounter frames;
            step("run on {}, and leave a task behind", flavor.to_string());
            rt::run(flavor, leave_one_behind(frames.token()));
            CHECK_MESSAGE(frames.alive() == 0,
                          "a task was left behind, and it still exists after `run`. Let `run` destroy its runtime.");
        }
    }

    TEST_CASE("each flavor has its own number of threads") {
        step("run a task on current_thread");
        CHECK_MESSAGE(rt::run(Flavor::current_thread(), thread_of_a_task()) == rt::this_thread_id(),
                      "on current_thread, a task ran on another thread. Use a CurrentThread.");
        for (unsigned count : {1U, 3U}) {
            step("run a task on multi_thread:{}", count);
            CHECK_MESSAGE(rt::run(Flavor::multi_thread(count), thread_of_a_task()) != rt::this_thread_id(),
                          "on multi_thread, a task ran on the thread that called `run`. Use a MultiThread.");
            CHECK_MESSAGE(rt::run(Flavor::multi_thread(count), workers()) == count,
                          "the runtime has the wrong number of threads. `flavor.workers` says how many.");
        }
        step("run on multi_thread, which leaves the number to the machine");
        CHECK_MESSAGE(rt::run(Flavor::multi_thread(), workers()) == rt::available_parallelism(),
                      "0 workers means as many as the machine can run at once. Ask `available_parallelism()`.");
    }
}
