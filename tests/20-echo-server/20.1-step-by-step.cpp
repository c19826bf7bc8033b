/// \file
/// 20.1: what may happen in the middle of a poll. The reads of the eventfd are stepped, so each moment is played.
#include "event_fds.hpp"
#include "soon.hpp"
#include "stepped_signal.hpp"

#include <doctest/doctest.h>
#include <rt/async.hpp>
#include <rt/current_thread.hpp>
#include <rt/future.hpp>
#include <rt/spawn.hpp>
#include <support/story.hpp>

#include <csignal>
#include <functional>
#include <utility>

using namespace support;

namespace {

constexpr int moments = 6;  // three reads

void happens_at(int moment, std::function<void()> what) {
    rt::stepped_sys::moments_left = moment;
    rt::stepped_sys::happens = std::move(what);
}

const char* when(int moment) { return moment % 2 == 0 ? "before" : "after"; }

}  // namespace

TEST_SUITE("20.1 a signal is a future") {
    TEST_CASE("a signal that comes in the middle of a poll is not lost") {
        auto hears = [](bool is_readable, int moment) -> rt::Async<bool> {
            rt::SteppedSignal signal{SIGTERM};
            if (is_readable) {
                ring(event_fds().front());
            }
            happens_at(moment, [] { std::raise(SIGTERM); });
            int const found = co_await soon(std::move(signal));
            bool const has_come = std::exchange(rt::stepped_sys::happens, nullptr) == nullptr;
            co_return found == SIGTERM || !has_come;
        };
        for (bool is_readable : {false, true}) {
            for (int moment = 0; moment < moments; ++moment) {
                step("poll. SIGTERM comes {} read number {} of the eventfd, which was {} before the poll", when(moment),
                     moment / 2 + 1, is_readable ? "readable" : "empty");
                rt::CurrentThread runtime;
                bool const is_heard = runtime.block_on(hears(is_readable, moment));
                REQUIRE_MESSAGE(is_heard,
                                "the signal came after the look at the counts, and a read emptied its eventfd, so "
                                "nothing wakes this future. Look at the counts again after each read that is Ready.");
            }
        }
    }

    TEST_CASE("an eventfd that becomes readable in the middle of a poll is waited for again") {
        auto hears = [](int moment) -> rt::Async<bool> {
            rt::SteppedSignal signal{SIGTERM};
            int const fd = event_fds().front();
            ring(fd);
            happens_at(moment, [fd] { ring(fd); });
            auto hearing = rt::spawn(soon(std::move(signal)));
            co_await rt::Countdown(3);
            rt::stepped_sys::happens = nullptr;
            step("now raise SIGTERM");
            std::raise(SIGTERM);
            int const found = co_await hearing;
            co_return found == SIGTERM;
        };
        for (int moment = 0; moment < moments; ++moment) {
            step("poll. The eventfd is written again {} read number {}", when(moment), moment / 2 + 1);
            rt::CurrentThread runtime;
            bool const is_heard = runtime.block_on(hears(moment));
            REQUIRE_MESSAGE(is_heard,
                            "the last read of the eventfd was Ready, so this future was Pending without a waker. Be "
                            "Pending only if poll_written is.");
        }
    }
}
