/// \file
/// 10.3: a runtime destroys its tasks before its services, because the futures use the services.
#include "notes.hpp"
#include "services.hpp"

#include <doctest/doctest.h>
#include <rt/async.hpp>
#include <rt/current_thread.hpp>
#include <rt/future.hpp>
#include <support/counted_future.hpp>
#include <support/story.hpp>

using namespace support;

namespace {

rt::Async<> hold(Leaves, CountedFuture<void> future) { co_await future; }

}  // namespace

TEST_SUITE("10.3 the end") {
    TEST_CASE("services go after all tasks: the youngest first") {
        Notes notes;
        service_notes = &notes;
        Remote<> kettle("the kettle");
        {
            rt::CurrentThread runtime;
            runtime.service<Kitchen>();
            runtime.service<Cellar>();
            runtime.spawn(hold(Leaves(notes, "task gone"), kettle.future())).detach();
            runtime.block_on(rt::Countdown(1));
        }
        CHECK(notes == Notes{"task gone", "cellar gone", "kitchen gone"});
    }

    TEST_CASE("services go after all tasks though one turn does not end them all") {
        Notes notes;
        service_notes = &notes;
        {
            rt::CurrentThread runtime;
            runtime.service<Kitchen>();
            auto wait = [](Leaves) -> rt::Async<> {
                auto never = rt::pending<>();
                co_await never;
            };
            for (unsigned n = 0; n <= rt::CurrentThread::look_interval; ++n) {
                runtime.spawn(wait(Leaves(notes, "task gone"))).detach();
            }
            step("destroy the runtime with 62 tasks");
        }
        CHECK(notes.size() == rt::CurrentThread::look_interval + 2);
        CHECK_MESSAGE(
            notes.back() == "kitchen gone",
            "a service went before the last task, which may still use it. One turn ends after 61 polls, so run the "
            "tasks until their list is empty.");
    }
}
