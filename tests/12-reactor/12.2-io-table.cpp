/// \file
/// 12.2: records that stay where they are.
#include <doctest/doctest.h>

#include <rt/io_table.hpp>
#include <rt/readiness.hpp>
#include <support/counting_waker.hpp>
#include <support/story.hpp>
#include <support/test_thread.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <latch>
#include <memory>
#include <set>
#include <utility>
#include <vector>

using namespace support;
using rt::Direction, rt::IoTable, rt::Registration;

static_assert(sizeof(rt::IoRecord) <= 72);
static_assert(sizeof(Registration) <= 24);

namespace {

/// Reports an event with the token of this registration, as the kernel would. True if the record becomes readable.
bool event_reaches(Registration& registration) {
    rt::ReadinessWord& word = registration.record().readiness;
    word.clear_refused(Direction::read, word.load());
    word.set(static_cast<std::uint32_t>(registration.token() >> 32), rt::Readiness::readable);
    return word.load().allows(Direction::read);
}

}  // namespace

TEST_SUITE("12.2 the table of records") {
    TEST_CASE("a registration has a record of its own and gives it back") {
        auto table = std::make_shared<IoTable>();
        {
            Registration a(table);
            Registration b(table);
            CHECK(&a.record() != &b.record());
            CHECK(table->size() == 2);
        }
        CHECK(table->size() == 0);
    }

    TEST_CASE("a record is used again with another token") {
        auto table = std::make_shared<IoTable>();
        step("the first descriptor is registered, and closed");
        Registration first(table);
        rt::IoRecord* record = &first.record();
        std::uint64_t old_token = first.token();
        first = Registration();
        step("the second gets the same record");
        Registration second(table);
        CHECK(&second.record() == record);
        CHECK_MESSAGE(second.token() != old_token,
                      "the kernel could not tell the successor from the closed descriptor");
        CHECK(static_cast<std::uint32_t>(second.token()) == static_cast<std::uint32_t>(old_token));
    }

    TEST_CASE("the index of a token leads to the record") {
        auto table = std::make_shared<IoTable>();
        std::vector<Registration> registrations;
        for (int i = 0; i < 5000; ++i) {
            registrations.emplace_back(table);
        }
        std::set<rt::IoRecord*> records;
        for (Registration& registration : registrations) {
            CHECK(&table->at(static_cast<std::uint32_t>(registration.token())) == &registration.record());
            records.insert(&registration.record());
        }
        CHECK(records.size() == registrations.size());
    }

    TEST_CASE("no record moves when the table grows") {
        auto table = std::make_shared<IoTable>();
        Registration first(table);
        rt::IoRecord* record = &first.record();
        std::vector<Registration> more;
        for (int i = 0; i < 2000; ++i) {
            more.emplace_back(table);
        }
        CHECK(&table->at(static_cast<std::uint32_t>(first.token())) == record);
    }

    TEST_CASE("giving back drops the wakers without waking them") {
        auto table = std::make_shared<IoTable>();
        CountingWaker reader;
        CountingWaker writer;
        {
            rt::Waker r = reader.waker();
            rt::Waker w = writer.waker();
            Registration registration(table);
            registration.record().reader.register_waker(r);
            registration.record().writer.register_waker(w);
            CHECK(reader.clones() == 1);
        }
        CHECK(reader.alive() == 0);
        CHECK(writer.alive() == 0);
        CHECK(reader.wakes() + writer.wakes() == 0);
    }

    TEST_CASE("a waker that is dropped with its record may take a record") {
        auto table = std::make_shared<IoTable>();
        Registration registration(table);
        Registration another;
        std::function<void()> on_drop = [] {};
        static constexpr rt::WakerVTable vtable{[](void*) noexcept {}, [](void*) noexcept {}, [](void*) noexcept {},
                                                [](void* f) noexcept { (*static_cast<std::function<void()>*>(f))(); }};
        {
            rt::Waker waker(&on_drop, &vtable);
            registration.record().reader.register_waker(waker);
        }
        on_drop = [&] { another = Registration(table); };
        step("give the record back; the waker in it registers another descriptor when it is dropped");
        registration = Registration();
        REQUIRE(another);
        CHECK(event_reaches(another));
    }

    TEST_CASE("a registration may outlive the reactor's reference") {
        auto table = std::make_shared<IoTable>();
        Registration registration(table);
        table->abandon();
        table.reset();
        CHECK(registration.is_abandoned());
        CHECK(registration.record().readiness.load().allows(Direction::read));
    }

    TEST_CASE("moving hands the record on") {
        auto table = std::make_shared<IoTable>();
        Registration a(table);
        rt::IoRecord* record = &a.record();
        Registration b(std::move(a));
        CHECK_FALSE(a);
        CHECK(&b.record() == record);
        CHECK(table->size() == 1);
        b = Registration(table);
        CHECK(table->size() == 1);
    }

    TEST_CASE("two threads take and give back at once") {
        auto table = std::make_shared<IoTable>();
        std::latch both(2);
        auto churn = [&table, &both] {
            both.arrive_and_wait();
            for (int round = 0; round < 2000; ++round) {
                std::vector<Registration> held;
                for (int i = 0; i < round % 7; ++i) {
                    held.emplace_back(table);
                }
                for (Registration& registration : held) {
                    CHECK_MESSAGE(event_reaches(registration),
                                  "a record was free before its generation ended: its successor hears of no event");
                }
                still_alive();
            }
        };
        {
            TestThread one(churn);
            TestThread two(churn);
        }
        CHECK(table->size() == 0);
    }
}
