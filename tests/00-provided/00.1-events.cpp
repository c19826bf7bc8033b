#include <doctest/doctest.h>
#include <rt/future.hpp>
#include <rt/task.hpp>
#include <rt/trace.hpp>
#include <rt/violation.hpp>
#include <rt/waker.hpp>
#include <support/death.hpp>
#include <support/trace_log.hpp>

#include "../09-task/queue.hpp"

#include <optional>

using namespace support;
using rt::Context;
using rt::Pending;
using rt::Poll;
using rt::trace::Event;
using rt::trace::Kind;

namespace {

/// Listeners that count.
template <int N>
struct Ear {
    static inline int heard = 0;
    static void hear(const Event&) noexcept { ++heard; }
};

}  // namespace

TEST_SUITE("00.1 events") {
    TEST_CASE("several listen and none excludes another") {
        rt::trace::listen(&Ear<1>::hear);
        rt::trace::listen(&Ear<2>::hear);
        rt::trace::emit(Kind::wake, nullptr);
        CHECK(Ear<1>::heard == 1);
        CHECK(Ear<2>::heard == 1);
        step("the first hears no more; the second does");
        rt::trace::stop_listening(&Ear<1>::hear);
        rt::trace::emit(Kind::wake, nullptr);
        CHECK(Ear<1>::heard == 1);
        CHECK(Ear<2>::heard == 2);
        rt::trace::stop_listening(&Ear<2>::hear);
        rt::trace::stop_listening(&Ear<2>::hear);  // says nothing new
        rt::trace::emit(Kind::wake, nullptr);
        CHECK(Ear<2>::heard == 2);
    }

    TEST_CASE("one too many is told so") {
        expect_violation(
            "Increase trace::detail::max_listeners",
            [] {
                for (std::size_t i = 0; i <= rt::trace::detail::max_listeners; ++i) {
                    rt::trace::listen(&Ear<3>::hear);
                }
            },
            Noticed::in_every_build);
    }
}

/// A release build announces no wakers.
TEST_SUITE("00.1 events" * doctest::skip(!rt::checks_enabled)) {
    TEST_CASE("a task announces its wakers and its queue") {
        TraceLog log{Kind::waker_clone, Kind::waker_drop, Kind::queue, Kind::wake};
        Queue queue;
        std::optional<rt::Waker> kept;
        auto keep = [&kept](Context& cx) -> Poll<void> {
            kept = cx.waker();
            return Pending;
        };
        auto [runnable, handle] = rt::make_task(rt::poll_fn(keep), queue);
        log.call(&runnable.task(), "the task");
        std::move(runnable).run();
        CHECK(log.text() == "clone the waker of the task\n");
        log.clear();
        rt::Waker second = *kept;
        second.wake_by_ref();
        std::move(second).wake();
        kept.reset();
        CHECK(log.text() ==
              "clone the waker of the task\nwake the task: queued\nqueue the task\nwake the task: already queued\n"
              "drop a waker of the task\ndrop a waker of the task\n");
    }
}
