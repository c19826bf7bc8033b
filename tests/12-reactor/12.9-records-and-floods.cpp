/// \file
/// 12.9: records that are used again, floods of events, and loops that are not the runtime's.
#include "registration.hpp"

#include <doctest/doctest.h>
#include <rt/current_thread.hpp>
#include <rt/io_table.hpp>
#include <rt/park.hpp>
#include <rt/reactor.hpp>
#include <rt/readiness.hpp>
#include <rt/sys.hpp>
#include <support/ends.hpp>
#include <support/story.hpp>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

using namespace support;
using rt::Direction, rt::IoTable, rt::Reactor, rt::Readiness, rt::ReadinessWord, rt::Registration;

TEST_SUITE("12.9 all together: records and floods") {
    TEST_CASE("the next descriptor begins with what nobody has tried") {
        ReadinessWord word;
        word.clear_refused(Direction::read, word.load());
        word.clear_refused(Direction::write, word.load());
        word.set(Readiness::flags_of(EPOLLPRI));
        step("the descriptor is closed, and the word begins to belong to another one");
        word.reset();
        CHECK(word.load().allows(Direction::read));
        CHECK(word.load().allows(Direction::write));
        CHECK_FALSE(word.load().is_urgent());
    }

    TEST_CASE("a record is used again and begins anew") {
        auto table = std::make_shared<IoTable>();
        step("the first descriptor is refused, and closed");
        Registration first(table);
        rt::IoRecord* record = &first.record();
        record->readiness.clear_refused(Direction::read, record->readiness.load());
        first = Registration();
        step("an event of the first comes late, and then the second gets the same record");
        record->readiness.set(rt::Readiness::flags_of(EPOLLPRI));
        Registration second(table);
        CHECK(&second.record() == record);
        CHECK(record->readiness.load().allows(Direction::read));
        CHECK_FALSE(record->readiness.load().is_urgent());
    }

    TEST_CASE("more events than one batch") {
        Reactor reactor;
        std::vector<Ends> pipes;
        std::vector<Registration> registrations;
        constexpr std::size_t count = Reactor::batch + 10;
        for (std::size_t i = 0; i < count; ++i) {
            pipes.push_back(make_pipe());
            registrations.push_back(reactor.add(pipes.back().here.get()));
            refuse(registrations.back());
            CHECK(rt::sys::write(pipes.back().there.get(), std::string_view("x")) == 1);
        }
        reactor.park(rt::no_wait);
        CHECK_MESSAGE(reactor.has_more(), "a full batch leaves events behind: no timer may fire yet");
        reactor.park(rt::no_wait);
        CHECK_FALSE(reactor.has_more());
        for (Registration& registration : registrations) {
            CHECK(is_ready(registration, Direction::read));
        }
    }

    TEST_CASE("a flood of events holds timers up for a bounded time") {
        Reactor reactor;
        std::vector<Ends> pipes;
        std::vector<Registration> registrations;
        std::vector<bool> was_seen(3 * Reactor::batch);
        for (std::size_t i = 0; i < was_seen.size(); ++i) {
            pipes.push_back(make_pipe());
            registrations.push_back(reactor.add(pipes.back().here.get()));
            refuse(registrations.back());
            CHECK(rt::sys::write(pipes.back().there.get(), std::string_view("x")) == 1);
        }
        int looks = 0;
        do {
            reactor.park(rt::no_wait);
            ++looks;
            for (std::size_t i = 0; i < was_seen.size(); ++i) {
                if (is_ready(registrations[i], Direction::read)) {
                    was_seen[i] = true;
                    refuse(registrations[i]);
                    CHECK(rt::sys::write(pipes[i].there.get(), std::string_view("x")) == 1);  // so every batch is full
                }
            }
        } while (reactor.has_more() && looks < 100);
        CHECK(std::find(was_seen.begin(), was_seen.end(), false) == was_seen.end());
        CHECK_MESSAGE(looks == 4, "a flood must not hold timers up for longer than one event of each descriptor");
    }

    TEST_CASE("making and dropping reactors leaves no descriptor open") {
        int before = open_descriptors();
        for (int i = 0; i < 3; ++i) {
            rt::CurrentThread runtime;
            runtime.service<Reactor>();
            CHECK(open_descriptors() == before + 2);
        }
        CHECK(open_descriptors() == before);
    }
}
