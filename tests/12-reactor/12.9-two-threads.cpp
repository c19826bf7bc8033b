/// \file
/// 12.9: two threads at once, many times.
#include "source.hpp"

#include <doctest/doctest.h>
#include <rt/block_on.hpp>
#include <rt/io_table.hpp>
#include <rt/park.hpp>
#include <rt/reactor.hpp>
#include <rt/readiness.hpp>
#include <rt/sync.hpp>
#include <rt/sys.hpp>
#include <support/ends.hpp>
#include <support/mock_task.hpp>
#include <support/story.hpp>
#include <support/test_thread.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <latch>
#include <memory>
#include <optional>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

using namespace support;
using rt::Direction, rt::IoTable, rt::Pending, rt::Reactor, rt::Readiness, rt::ReadinessWord, rt::Registration;

TEST_SUITE("12.9 all together: two threads") {
    TEST_CASE("no event is lost in a word that two threads change") {
        // One thread reports events, the other consumes: what it counts last must be all.
        constexpr std::uint64_t events = 200'000;
        ReadinessWord word;
        rt::Atomic<std::uint64_t> announced{0};
        TestThread kernel([&] {
            for (std::uint64_t i = 1; i <= events; ++i) {
                announced.store(i, rt::release);
                word.set(Readiness::readable);
            }
        });
        std::uint64_t consumed = 0;
        while (consumed < events) {
            Readiness seen = word.load();
            if (seen.allows(Direction::read)) {
                consumed = announced.load(rt::acquire);  // "reads until it is dry"
                word.clear_refused(Direction::read, seen);
                still_alive();
            } else {
                rt::yield_thread();
            }
        }
        CHECK(consumed == events);
    }

    TEST_CASE("many unparks from two threads lose none") {
        // Each round: the sleeper may go on only when both have unparked; a lost unpark hangs.
        Reactor reactor;
        constexpr int rounds = 2000;
        rt::Atomic<int> given{0};
        rt::Atomic<int> taken{0};
        TestThread sleeper([&] {
            for (int round = 1; round <= rounds; ++round) {
                while (given.load(rt::acquire) < round) {
                    reactor.park(std::nullopt);
                }
                taken.store(round, rt::release);
                still_alive();
            }
        });
        for (int round = 1; round <= rounds; ++round) {
            given.store(round, rt::release);
            reactor.unpark();
            while (taken.load(rt::acquire) < round) {
                rt::yield_thread();
            }
        }
        sleeper.join();
        CHECK(taken.load() == rounds);
    }

    TEST_CASE("no event is lost between a task and a reactor on another thread") {
        Reactor reactor;
        Ends pipe = make_pipe();
        Source source(std::move(pipe.here));
        source.source.register_with(reactor);
        // The byte is there, and epoll about to say so on another thread, when this one comes to wait: a little sooner or
        // later in each round, so that the event falls into every gap there is.
        constexpr int rounds = 5'000;
        CHECK(spawn_mock("read", source.read()).poll() == Pending);
        rt::Atomic<int> begun{0};
        TestThread dispatcher([&] {
            for (int round = 1; round <= rounds; ++round) {
                while (begun.load(rt::acquire) < round) {
                    rt::yield_thread();
                }
                reactor.park(rt::no_wait);
            }
        });
        step("wait for {} bytes, each announced while we begin to wait", rounds);
        for (int round = 1; round <= rounds; ++round) {
            rt::sys::write(pipe.there.get(), std::string_view("x"));
            rt::Instant now = rt::sys::now();
            begun.store(round, rt::release);
            while (rt::sys::now() < now + std::chrono::nanoseconds(round % 1000 * 2)) {}
            if (rt::block_on(source.read()) != "x") {
                FAIL("read something else in round " << round);
            }
            still_alive();
        }
        CHECK(source.calls == 1 + rounds);
    }

    TEST_CASE("two threads take and give back at once") {
        auto table = std::make_shared<IoTable>();
        std::latch both(2);
        std::set<rt::IoRecord*> records[2];
        auto churn = [&table, &both](std::set<rt::IoRecord*>* mine) {
            both.arrive_and_wait();
            for (std::size_t round = 0; round < 2000; ++round) {
                std::vector<Registration> held;
                for (std::size_t i = 0; i < round % 7; ++i) {
                    held.emplace_back(table);
                }
                for (Registration& registration : held) {
                    rt::ReadinessWord& word = registration.record().readiness;
                    word.clear_refused(Direction::read, word.load());
                    CHECK_MESSAGE(!word.load().allows(Direction::read), "two descriptors have one record");
                }
                for (Registration& registration : held) {
                    mine->insert(&registration.record());
                }
                still_alive();
            }
        };
        {
            TestThread one([&] { churn(&records[0]); });
            TestThread two([&] { churn(&records[1]); });
        }
        records[0].merge(records[1]);
        CHECK_MESSAGE(table->size() == records[0].size(), "a record was not given back");
        std::vector<Registration> all;
        for (std::size_t i = 0; i < records[0].size(); ++i) {
            all.emplace_back(table);
            CHECK_MESSAGE(records[0].contains(&all.back().record()), "a record was not given back");
        }
    }
}
