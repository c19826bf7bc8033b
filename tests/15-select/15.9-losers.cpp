/// \file
/// 15.9: what losers take along, and what a loop around a select keeps.
#include <doctest/doctest.h>
#include <rt/async.hpp>
#include <rt/block_on.hpp>
#include <rt/current_thread.hpp>
#include <rt/future.hpp>
#include <rt/select.hpp>
#include <rt/time.hpp>
#include <rt/timeout.hpp>
#include <rt/yield_now.hpp>
#include <support/counted_future.hpp>
#include <support/mock_task.hpp>
#include <support/paused_clock.hpp>
#include <support/story.hpp>

#include <algorithm>
#include <chrono>
#include <deque>
#include <utility>
#include <variant>
#include <vector>

using namespace support;
using namespace std::chrono_literals;
using rt::Async;
using rt::Pending;
using rt::Poll;
using rt::Ready;

namespace {

/// A queue of numbers. A `Next` takes a letter only in the poll in which it is Ready, so it is cancel-safe.
class Mailbox {
  public:
    class Next {
      public:
        using Output = int;
        explicit Next(Mailbox& box) noexcept : box_(&box) {}
        Poll<int> poll(rt::Context& cx) {
            if (box_->letters_.empty()) {
                box_->waker_ = cx.waker();
                return Pending;
            }
            int const letter = box_->letters_.front();
            box_->letters_.pop_front();
            return Ready(letter);
        }

      private:
        Mailbox* box_;
    };

    Next next() noexcept { return Next(*this); }
    void put(int letter) {
        letters_.push_back(letter);
        if (rt::Waker waker = std::move(waker_)) {
            std::move(waker).wake();
        }
    }

  private:
    std::deque<int> letters_;
    rt::Waker waker_;
};

Async<> write_letters(Mailbox* box, int n) {
    for (int i = 0; i < n; ++i) {
        box->put(i);
        if (i % 3 == 0) {
            co_await rt::yield_now();
        }
        if (i % 7 == 0) {
            co_await rt::sleep(10ms);
        }
    }
}

/// Counts to `n`, one step in each poll, and remembers in `reached` how far it has come.
Async<int> count_to(int n, int* reached) {
    for (*reached = 0; *reached < n; ++*reached) {
        co_await rt::yield_now();
    }
    co_return n;
}

}  // namespace

TEST_SUITE("15.9 all together: losers and loops") {
    TEST_CASE("a sleep that loses takes its timer along") {
        PausedClock clock;
        auto race = spawn_mock("select(1 s, 1 h)", rt::select(rt::sleep(1s), rt::sleep(1h)));
        CHECK(race.poll() == Pending);
        CHECK(clock.timers() == 2);
        clock.jump();
        auto poll = race.poll();
        REQUIRE(poll.is_ready());
        CHECK(poll.value().index() == 0);
        CHECK(clock.timers() == 0);
    }

    TEST_CASE("a coroutine that loses goes with all that it holds") {
        Remote<int> kettle("the kettle");
        auto wait = [](CountedFuture<int> future) -> Async<int> { co_return co_await future; };
        auto race = spawn_mock("select(coroutine, ready)", rt::select(rt::biased, wait(kettle.future()), rt::ready(1)));
        auto poll = race.poll();
        REQUIRE(poll.is_ready());
        CHECK(poll.value().index() == 1);
        CHECK(kettle.polls() == 1);
        CHECK(kettle.drops() == 1);
    }

    TEST_CASE("the body that awaits a timeout catches Elapsed after the future is gone") {
        PausedClock clock;
        auto body = []() -> Async<bool> {
            Remote<int> kettle("the kettle");
            bool was_gone = false;
            auto tea = rt::timeout(10s, kettle.future());
            try {
                (void)co_await tea;
            } catch (const rt::Elapsed&) {
                was_gone = kettle.drops() == 1;
            }
            co_return was_gone;
        };
        auto tea = spawn_mock("the tea", body());
        CHECK(tea.poll() == Pending);
        clock.jump();
        CHECK(tea.poll() == Ready(true));
    }

    TEST_CASE("a future that is lent to a loop of selects goes on where it was") {
        auto body = []() -> Async<int> {
            int reached = 0;
            auto counting = count_to(100, &reached);
            int lost = 0;
            for (;;) {
                auto either = co_await rt::select(rt::by_ref(counting), rt::yield_now());
                if (either.index() == 0) {
                    break;
                }
                ++lost;
                if (lost > 1000) {
                    break;
                }
            }
            CHECK(reached == 100);
            co_return lost;
        };
        step("a count to 100 races against a yield, again and again");
        int const lost = rt::block_on(body());
        CHECK(lost > 0);
        CHECK(lost <= 101);
    }

    TEST_CASE("a future that is made anew in each round never comes further") {
        auto body = []() -> Async<int> {
            int furthest = 0;
            for (int round = 0; round < 20; ++round) {
                int reached = 0;
                auto either = co_await rt::select(count_to(100, &reached), rt::Countdown(3));
                CHECK(either.index() == 1);
                furthest = std::max(furthest, reached);
            }
            co_return furthest;
        };
        step("in each round, a new count to 100 races against three polls");
        CHECK(rt::block_on(body()) <= 4);
    }

    TEST_CASE("no letter is lost in a loop that often gives up waiting") {
        constexpr int n = 100;
        auto body = []() -> Async<> {
            Mailbox box;
            auto writer = rt::spawn(write_letters(&box, n));
            std::vector<int> letters;
            int ticks = 0;
            while (letters.size() < n && ticks < 10'000) {
                auto either = co_await rt::select(box.next(), rt::sleep(3ms));
                if (either.index() == 0) {
                    letters.push_back(std::get<0>(either));
                } else {
                    ++ticks;
                }
            }
            co_await writer;
            std::vector<int> expected;
            for (int i = 0; i < n; ++i) {
                expected.push_back(i);
            }
            CHECK(letters == expected);
            CHECK(ticks >= 15);  // three of 3 ms fit into each pause of 10 ms
            CHECK(rt::current().service<rt::Timers>().size() == 0);
        };
        step("read 100 letters, with a timeout of 3 ms for each, from a writer that pauses for 10 ms");
        run_paused(body());
    }
}
