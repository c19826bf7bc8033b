/// \file
/// 12.0: the answers of epoll, and records that stay where they are.
#include <doctest/doctest.h>

#include <rt/io_source.hpp>
#include <rt/io_table.hpp>
#include <rt/readiness.hpp>
#include <rt/sys.hpp>
#include <rt/violation.hpp>
#include <support/counting_waker.hpp>
#include <support/story.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <set>
#include <utility>
#include <vector>

using namespace support;
using rt::Direction, rt::IoTable, rt::Readiness, rt::ReadinessWord, rt::Registration;

static_assert(sizeof(rt::IoRecord) <= 72);
static_assert(sizeof(Registration) <= 24);
static_assert(rt::checks_enabled || sizeof(rt::IoSource) <= 40);

namespace {

/// The records of `registrations`.
std::set<rt::IoRecord*> records_of(const std::vector<Registration>& registrations) {
    std::set<rt::IoRecord*> records;
    for (const Registration& registration : registrations) {
        records.insert(&registration.record());
    }
    return records;
}

std::vector<Registration> take(const std::shared_ptr<IoTable>& table, std::size_t count) {
    std::vector<Registration> registrations;
    for (std::size_t i = 0; i < count; ++i) {
        registrations.emplace_back(table);
    }
    return registrations;
}

}  // namespace

TEST_SUITE("12.0 given: flags and records") {
    TEST_CASE("what nobody has tried is worth trying") {
        ReadinessWord word;
        CHECK(word.load().allows(Direction::read));
        CHECK(word.load().allows(Direction::write));
    }

    TEST_CASE("the answers of epoll") {
        CHECK(Readiness::flags_of(EPOLLIN) == Readiness::readable);
        CHECK(Readiness::flags_of(EPOLLOUT) == Readiness::writable);
        CHECK(Readiness::flags_of(EPOLLIN | EPOLLRDHUP) == (Readiness::readable | Readiness::read_closed));
        CHECK(Readiness::flags_of(EPOLLHUP) == (Readiness::read_closed | Readiness::write_closed));
        CHECK(Readiness::flags_of(EPOLLERR) == (Readiness::read_closed | Readiness::write_closed));
        CHECK(Readiness::flags_of(EPOLLPRI) == (Readiness::readable | Readiness::urgent));
    }

    TEST_CASE("a registration has a record of its own and gives it back") {
        auto table = std::make_shared<IoTable>();
        std::vector<Registration> registrations = take(table, 5000);
        std::set<rt::IoRecord*> records = records_of(registrations);
        CHECK(records.size() == 5000);
        step("all descriptors are closed, and as many opened");
        registrations.clear();
        CHECK(records_of(take(table, 5000)) == records);
    }

    TEST_CASE("no record moves when the table grows") {
        auto table = std::make_shared<IoTable>();
        Registration first(table);
        CountingWaker reader;
        first.record().reader.register_waker(reader.waker());
        rt::IoRecord* record = &first.record();
        std::vector<Registration> more = take(table, 2000);
        record->reader.wake();
        CHECK(reader.wakes() == 1);
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
        CHECK(another);
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
        b = Registration(table);
        CHECK_MESSAGE(&Registration(table).record() == record, "what is assigned to gives its record back");
    }
}
