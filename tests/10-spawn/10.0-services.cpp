/// \file
/// 10.0: services, without a task.
#include "counting_park.hpp"
#include "notes.hpp"
#include "services.hpp"

#include <doctest/doctest.h>
#include <rt/current_thread.hpp>
#include <support/story.hpp>
#include <support/test_thread.hpp>

#include <latch>
#include <vector>

using namespace support;

TEST_SUITE("10.0 given: a runtime without its queue") {
    TEST_CASE("two runtimes have a service each") {
        Notes notes;
        service_notes = &notes;
        rt::CurrentThread first;
        rt::CurrentThread second;
        CHECK(&first.service<Cellar>() != &second.service<Cellar>());
    }

    TEST_CASE("a service may need another: that one is older and goes later") {
        Notes notes;
        service_notes = &notes;
        {
            rt::CurrentThread runtime;
            step("make a house, which makes its cellar");
            House& house = runtime.service<House>();
            CHECK(&house.cellar == runtime.find_service<Cellar>());
        }
        CHECK(notes == Notes{"house gone", "cellar gone"});
    }

    TEST_CASE("a service that many threads ask for is made once") {
        Notes notes;
        service_notes = &notes;
        rt::CurrentThread runtime;
        std::latch all_here(3);
        Cellar* found[3] = {};
        int const before = Cellar::made;
        {
            std::vector<TestThread> threads;
            for (Cellar*& place : found) {
                threads.emplace_back([&runtime, &all_here, &place] {
                    all_here.arrive_and_wait();
                    place = &runtime.service<House>().cellar;
                });
            }
        }
        CHECK(Cellar::made == before + 1);
        CHECK(found[0] == found[1]);
        CHECK(found[1] == found[2]);
    }

    TEST_CASE("the runtime is unparked when the last work outside ends") {
        CountingPark park;
        rt::CurrentThread runtime(park);
        CHECK_FALSE(runtime.has_outside_work());
        runtime.begin_outside_work();
        runtime.begin_outside_work();
        TestThread([&] { runtime.end_outside_work(); }).join();
        CHECK(runtime.has_outside_work());
        CHECK(park.unparks() == 0);
        TestThread([&] { runtime.end_outside_work(); }).join();
        CHECK_FALSE(runtime.has_outside_work());
        CHECK(park.unparks() == 1);
    }
}
