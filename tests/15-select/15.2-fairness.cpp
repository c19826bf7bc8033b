#include <doctest/doctest.h>
#include <rt/async.hpp>
#include <rt/block_on.hpp>
#include <rt/current_thread.hpp>
#include <rt/future.hpp>
#include <rt/select.hpp>
#include <rt/time.hpp>
#include <rt/yield_now.hpp>
#include <support/counted_future.hpp>
#include <support/mock_task.hpp>
#include <support/paused_clock.hpp>
#include <support/show.hpp>
#include <support/story.hpp>

#include <array>
#include <chrono>
#include <cstddef>
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

/// How often each branch won of selects of futures that are all ready.
template <std::size_t n, class MakeRace>
std::array<int, n> wins_of(int rounds, MakeRace make_race) {
    std::array<int, n> wins{};
    rt::Waker const nobody = rt::Waker::noop();
    rt::Context cx(nobody);
    for (int i = 0; i < rounds; ++i) {
        auto race = make_race();
        auto poll = race.poll(cx);
        REQUIRE(poll.is_ready());
        ++wins[poll.value().index()];
    }
    return wins;
}

/// A queue of numbers: the next one is taken by a future, when that is Ready and not before.
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

/// Counts to `n`, a step per poll, and remembers how far it has come.
Async<int> count_to(int n, int* reached) {
    for (*reached = 0; *reached < n; ++*reached) {
        co_await rt::yield_now();
    }
    co_return n;
}

}  // namespace

TEST_SUITE("15.2 fairness and loops") {
    TEST_CASE("of two that are always ready each wins its share") {
        step("1000 rounds of two ready futures");
        auto wins = wins_of<2>(1000, [] { return rt::select(rt::ready(0), rt::ready(1)); });
        CHECK(wins[0] >= 300);
        CHECK(wins[1] >= 300);
    }

    TEST_CASE("of five that are always ready each wins its share") {
        step("1000 rounds of five ready futures");
        auto wins = wins_of<5>(
            1000, [] { return rt::select(rt::ready(0), rt::ready(1), rt::ready(2), rt::ready(3), rt::ready(4)); });
        for (int each : wins) {
            CHECK(each >= 100);
        }
    }

    TEST_CASE("selects that take turns on a thread do not take the turns of each other") {
        // A counter that goes round one by one would send each of them to the same branch every time.
        rt::Waker const nobody = rt::Waker::noop();
        rt::Context cx(nobody);
        for (int others = 1; others <= 4; ++others) {
            step("1000 rounds of two ready futures, with {} other selects in each", others);
            auto wins = wins_of<2>(1000, [&] {
                for (int i = 0; i < others; ++i) {
                    auto other = rt::select(rt::ready(), rt::ready());
                    CHECK(other.poll(cx).is_ready());
                }
                return rt::select(rt::ready(0), rt::ready(1));
            });
            CHECK(wins[0] >= 200);
            CHECK(wins[1] >= 200);
        }
    }

    TEST_CASE("biased the first one always wins") {
        auto wins = wins_of<2>(100, [] { return rt::select(rt::biased, rt::ready(0), rt::ready(1)); });
        CHECK(wins[0] == 100);
        CHECK(wins[1] == 0);
    }

    TEST_CASE("biased the second one wins while the first is not ready") {
        auto wins = wins_of<2>(10, [] { return rt::select(rt::biased, rt::pending<int>(), rt::ready(1)); });
        CHECK(wins[1] == 10);
    }

    TEST_CASE("wherever it begins every branch is polled once a round") {
        Remote<int> kettle("the kettle");
        Remote<int> toaster("the toaster");
        Remote<int> oven("the oven");
        auto race =
            spawn_mock("select(kettle, toaster, oven)", rt::select(kettle.future(), toaster.future(), oven.future()));
        for (int round = 1; round <= 10; ++round) {
            CHECK(race.poll() == Pending);
            CHECK(kettle.polls() == round);
            CHECK(toaster.polls() == round);
            CHECK(oven.polls() == round);
        }
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

    TEST_CASE("a lent future that loses is not dropped") {
        Remote<int> kettle("the kettle");
        auto boiling = kettle.future();
        {
            auto race =
                spawn_mock("select(by_ref(kettle), ready)", rt::select(rt::biased, rt::by_ref(boiling), rt::ready(1)));
            CHECK(race.poll().value().index() == 1);
        }
        CHECK(kettle.drops() == 0);
        CHECK(kettle.polls() == 1);
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
        step("read 100 letters, with a time-out of 3 ms for each, from a writer that pauses for 10 ms");
        run_paused(body());
    }
}
