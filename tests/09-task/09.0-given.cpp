#include "queue.hpp"
#include "start.hpp"

#include <doctest/doctest.h>
#include <rt/future.hpp>
#include <rt/task.hpp>
#include <support/death.hpp>

#include <string_view>

using namespace support;

TEST_SUITE("09.0 given what needs no hole") {
    TEST_CASE("a handle without a task") {
        rt::JoinHandle<int> handle(nullptr);
        CHECK_MESSAGE(handle.is_finished(), "an empty handle has nothing to wait for, so it is finished");
        handle.abort();
        handle.detach();
        CHECK(handle.is_finished());
    }

    TEST_CASE("a result is asked for before the task has ended") {
        expect_violation(
            "JoinHandle::take_result was called before the task had ended",
            [] {
                Queue queue;
                rt::JoinHandle<int> handle = start(queue, rt::ready(3));
                (void)handle.take_result();
            },
            Noticed::in_every_build);
    }

    TEST_CASE("what Cancelled says") { CHECK(std::string_view(rt::Cancelled().what()) == "the task was aborted"); }
}
