#include <doctest/doctest.h>
#include <rt/async.hpp>
#include <rt/block_on.hpp>
#include <rt/broadcast.hpp>
#include <rt/budget.hpp>
#include <rt/current_thread.hpp>
#include <rt/future.hpp>
#include <rt/multi_thread.hpp>
#include <rt/spawn.hpp>
#include <support/drop_counter.hpp>
#include <support/mock_task.hpp>
#include <support/random.hpp>
#include <support/show.hpp>
#include <support/story.hpp>
#include <support/test_thread.hpp>

#include <cstddef>
#include <cstdint>
#include <latch>
#include <optional>
#include <utility>
#include <vector>

using namespace support;
using rt::Async;
using rt::Pending;
namespace broadcast = rt::broadcast;
using rt::Lagged;

namespace {

/// What a receiver saw, to the end.
class Seen {
  public:
    Seen() = default;
    int received = 0;
    std::uint64_t missed = 0;
    bool in_order = true;
};

Async<Seen> listen(broadcast::Receiver<int> receiver) {
    Seen seen;
    int next = 0;
    for (;;) {
        try {
            std::optional<int> value = co_await receiver.recv();
            if (!value) {
                break;
            }
            seen.in_order = seen.in_order && *value == next;
            next = *value + 1;
            ++seen.received;
        } catch (const Lagged& lagged) {
            seen.missed += lagged.missed();
            next += static_cast<int>(lagged.missed());
        }
    }
    co_return seen;
}

Async<> tell(broadcast::Sender<int> sender, int count) {
    for (int n = 0; n < count; ++n) {
        sender.send(n);
        if (n % 5 == 0) {
            co_await rt::Countdown(1);
        }
    }
}

Async<> one_to_many(int listeners, int count, std::size_t capacity) {
    auto [sender, receiver] = broadcast::channel<int>(capacity);
    std::vector<rt::JoinHandle<Seen>> handles;
    for (int n = 0; n < listeners; ++n) {
        handles.push_back(rt::spawn(listen(sender.subscribe())));
    }
    { auto unused = std::move(receiver); }
    rt::spawn(tell(std::move(sender), count));
    for (auto& handle : handles) {
        Seen seen = co_await handle;
        CHECK(seen.in_order);
        CHECK(seen.received + static_cast<int>(seen.missed) == count);
    }
}

}  // namespace

TEST_SUITE("18.0 given: broadcast between tasks and threads") {
    TEST_CASE("each value spends budget") {
        auto [sender, receiver] = broadcast::channel<int>(4 * rt::budget::per_poll);
        for (std::uint64_t n = 0; n < 2 * rt::budget::per_poll; ++n) {
            sender.send(static_cast<int>(n));
        }
        auto task = spawn_mock("the listener", listen(std::move(receiver)));
        rt::budget::refill();
        CHECK(task.poll() == Pending);
        CHECK(task.is_woken());
        CHECK(task.wakes() == 1);
        rt::budget::lift();
    }

    TEST_CASE("one to many on one thread") {
        rt::CurrentThread runtime;
        runtime.block_on(one_to_many(10, 1'000, 16));
        runtime.block_on(one_to_many(3, 1'000, 1));
    }

    TEST_CASE("one to many on two threads") {
        rt::MultiThread runtime(2);
        runtime.block_on(one_to_many(10, 500, 16));
        runtime.block_on(one_to_many(3, 500, 1));
    }

    TEST_CASE("threads listen come and go: every value is seen or missed and destroyed once") {
        Random random(seed_of_this_run());
        static constexpr int count = 2'000;
        DropCounter counter;
        auto [sender, receiver] = broadcast::channel<std::pair<int, DropCounter::Token>>(8);
        std::latch begin(4);
        {
            std::vector<TestThread> threads;
            for (int t = 0; t < 3; ++t) {
                threads.emplace_back(
                    [own = sender.subscribe(), &begin, leaves_after = t == 0 ? random.below(count) : count]() mutable {
                        begin.arrive_and_wait();
                        int seen = 0;
                        int next = 0;
                        bool in_order = true;
                        while (seen < leaves_after) {
                            try {
                                auto value = rt::block_on(own.recv());
                                if (!value) {
                                    break;
                                }
                                in_order = in_order && value->first == next;
                                ++next;
                                ++seen;
                            } catch (const Lagged& lagged) {
                                next += static_cast<int>(lagged.missed());
                                seen += static_cast<int>(lagged.missed());
                            }
                        }
                        CHECK(in_order);
                        if (leaves_after == count) {
                            CHECK(seen == count);
                        }
                    });
            }
            { auto unused = std::move(receiver); }
            begin.arrive_and_wait();
            for (int n = 0; n < count; ++n) {
                still_alive();
                sender.send(std::pair(n, counter.token()));
                dawdle(random.below(300));
            }
            { auto last = std::move(sender); }
        }
        CHECK(counter.alive() == 0);
    }
}
