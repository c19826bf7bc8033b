/// \file
/// 10.9: a service is found inside of a task.
#include "notes.hpp"
#include "services.hpp"

#include <doctest/doctest.h>
#include <rt/current_thread.hpp>
#include <rt/future.hpp>
#include <rt/scheduler.hpp>
#include <support/story.hpp>

#include <utility>

using namespace support;
using rt::Ready;

TEST_SUITE("10.9 all together: services and main's waker") {
    TEST_CASE("a service is made once and found") {
        Notes notes;
        service_notes = &notes;
        {
            rt::CurrentThread runtime;
            CHECK(runtime.find_service<Cellar>() == nullptr);
            int const before = Cellar::made;
            Cellar& made = runtime.service<Cellar>();
            step("ask for it again, outside and inside of a task");
            CHECK(&runtime.service<Cellar>() == &made);
            auto ask =
                rt::poll_fn([](rt::Context&) -> rt::Poll<Cellar*> { return Ready(&rt::current().service<Cellar>()); });
            CHECK(runtime.block_on(std::move(ask)) == &made);
            CHECK(runtime.find_service<Cellar>() == &made);
            CHECK(Cellar::made == before + 1);
            CHECK(notes.empty());
        }
        CHECK(notes == Notes{"cellar gone"});
    }
}
