/// \file
/// 12.9: descriptors and the tasks of a runtime.
#include <doctest/doctest.h>

#include "source.hpp"

#include <rt/async.hpp>
#include <rt/block_on.hpp>
#include <rt/budget.hpp>
#include <rt/current_thread.hpp>
#include <rt/future.hpp>
#include <rt/join_set.hpp>
#include <rt/reactor.hpp>
#include <rt/scheduler.hpp>
#include <rt/sys.hpp>
#include <support/death.hpp>
#include <support/ends.hpp>
#include <support/story.hpp>
#include <support/test_thread.hpp>
#include <support/trace_log.hpp>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fcntl.h>

using namespace support;
using Kind = rt::trace::Kind;

TEST_SUITE("12.9 all together: descriptors in a runtime") {
    TEST_CASE("in a runtime a descriptor is registered once in its life") {
        TraceLog log{Kind::io_register};
        rt::CurrentThread runtime;
        Ends pipe = make_pipe();
        auto source = std::make_shared<Source>(std::move(pipe.here));
        TestThread writer([&] {
            for (int i = 1; i <= 5; ++i) {
                log.wait_for(Kind::park, i);
                CHECK(rt::sys::write(pipe.there.get(), std::string_view("x")) == 1);
            }
        });
        CHECK(runtime.block_on(read_bytes(source, 5)) == "xxxxx");
        CHECK(log.count(Kind::io_register) == 1);
        CHECK_MESSAGE(log.count(Kind::park) == 5, "five waits are five sleeps: more would be a busy loop");
    }

    TEST_CASE("a source that always has something lets others have their turn") {
        rt::CurrentThread runtime;
        rt::sys::Fd zero(::open("/dev/zero", O_RDONLY | O_NONBLOCK | O_CLOEXEC));
        auto source = std::make_shared<Source>(std::move(zero));
        auto main = [](std::shared_ptr<Source> s) -> rt::Async<int> {
            auto greedy = rt::spawn(read_bytes(s, 100'000));
            auto look = [s](rt::Context&) -> rt::Poll<int> { return rt::Ready(s->calls); };
            auto modest = rt::spawn(rt::poll_fn(look));
            int calls = co_await modest;
            co_await greedy;
            co_return calls;
        };
        int calls = runtime.block_on(main(source));
        CHECK_MESSAGE(calls == static_cast<int>(rt::budget::per_poll),
                      "a source that is always ready must give way after its budget");
    }

    TEST_CASE("the queue is never longer than one batch of events") {
        static_assert(rt::Reactor::batch < rt::CurrentThread::look_interval);
        constexpr int count = 3 * static_cast<int>(rt::Reactor::batch);
        std::vector<Ends> pipes;
        std::vector<std::shared_ptr<Source>> sources;
        for (int i = 0; i < count; ++i) {
            pipes.push_back(make_pipe());
            sources.push_back(std::make_shared<Source>(std::move(pipes.back().here)));
        }
        TraceLog log{Kind::io_ready, Kind::poll_begin};
        rt::CurrentThread runtime;
        int longest = 0;
        auto look = [&](rt::Context& cx) -> rt::Poll<void> {
            longest = std::max(longest, log.count(Kind::io_ready) - log.count(Kind::poll_begin));
            if (log.count(Kind::poll_begin) == count) {
                return rt::Ready();
            }
            cx.waker().wake_by_ref();
            return rt::Pending;
        };
        auto main = [&]() -> rt::Async<> {  // house-rule: allow the lambda outlives the block_on below
            rt::JoinSet<std::string> readers;
            for (auto& source : sources) {
                readers.spawn(read_bytes(source, 1));
            }
            step("all tasks wait, each for its pipe");
            while (log.count(Kind::poll_begin) < count) {
                co_await rt::Countdown(1);
            }
            log.clear();
            step("all pipes get a byte at once");
            for (Ends& pipe : pipes) {
                CHECK(rt::sys::write(pipe.there.get(), std::string_view("x")) == 1);
            }
            co_await rt::poll_fn(look);
        };
        runtime.block_on(main());
        CHECK(longest > 0);
        CHECK(longest <= static_cast<int>(rt::Reactor::batch));
    }

    TEST_CASE("tasks that still wait go with their runtime") {
        int before = open_descriptors();
        TraceLog log{Kind::io_register};
        {
            rt::CurrentThread runtime;
            Ends pipe = make_pipe();
            auto source = std::make_shared<Source>(std::move(pipe.here));
            auto main = [](std::shared_ptr<Source> s) -> rt::Async<> {
                rt::spawn(read_bytes(s, 5)).detach();
                co_await rt::Countdown(3);
            };
            runtime.block_on(main(source));
            CHECK(log.count(Kind::io_register) == 1);
        }
        CHECK(open_descriptors() == before);
    }

    TEST_CASE("a source may outlive its runtime if only to be closed") {
        Ends pipe = make_pipe();
        auto source = std::make_shared<Source>(std::move(pipe.here));
        {
            rt::CurrentThread runtime;
            auto main = [](std::shared_ptr<Source> s) -> rt::Async<> {
                rt::spawn(read_bytes(s, 5)).detach();
                co_await rt::Countdown(3);
            };
            runtime.block_on(main(source));
        }
        expect_violation("this descriptor's runtime was destroyed", [&] { rt::block_on(source->read()); });
        source.reset();
        CHECK(true);
    }
}
