/// \file
/// 18.9: mpsc channels between tasks and between threads.
#include <doctest/doctest.h>
#include <rt/async.hpp>
#include <rt/block_on.hpp>
#include <rt/budget.hpp>
#include <rt/current_thread.hpp>
#include <rt/future.hpp>
#include <rt/mpsc.hpp>
#include <rt/multi_thread.hpp>
#include <rt/select.hpp>
#include <rt/sync.hpp>
#include <support/drop_counter.hpp>
#include <support/mock_task.hpp>
#include <support/random.hpp>
#include <support/show.hpp>
#include <support/story.hpp>
#include <support/test_thread.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

using namespace support;
using rt::mpsc::TrySend;
namespace mpsc = rt::mpsc;
using rt::Async;
using rt::Pending;
using rt::Ready;

namespace {

using Value = std::optional<int>;

Async<> produce(mpsc::Sender<int> sender, int first, int count) {
    for (int i = 0; i < count; ++i) {
        co_await sender.send(first + i);
    }
}

/// Receives to the end; true if each producer's values came once and in order.
Async<bool> consume(mpsc::Receiver<int> receiver, int producers, int each) {
    std::vector<int> next(static_cast<std::size_t>(producers), 0);
    bool right = true;
    while (auto value = co_await receiver.recv()) {
        still_alive();
        int& expected = next.at(static_cast<std::size_t>(*value / each));
        right = right && *value % each == expected;
        ++expected;
    }
    for (int count : next) {
        right = right && count == each;
    }
    co_return right;
}

Async<bool> many_to_one(int producers, int each, std::size_t capacity) {
    auto [sender, receiver] = mpsc::channel<int>(capacity);
    for (int p = 0; p < producers; ++p) {
        rt::spawn(produce(sender, p * each, each));
    }
    { auto last = std::move(sender); }
    co_return co_await consume(std::move(receiver), producers, each);
}

}  // namespace

TEST_SUITE("18.9 all together: mpsc") {
    TEST_CASE("a recv that loses in a select loses no value") {
        auto [sender, receiver] = mpsc::channel<int>(100);
        for (int n = 0; n < 100; ++n) {
            CHECK(sender.try_send(n) == TrySend::sent);
        }
        auto race = [](mpsc::Receiver<int> rx) -> Async<int> {
            int received = 0;
            while (received < 100) {
                auto first = co_await rt::select(rx.recv(), rt::ready(1));
                if (first.index() == 0) {
                    CHECK(std::get<0>(first) == Value(received));
                    ++received;
                }
            }
            co_return received;
        };
        CHECK(rt::block_on(race(std::move(receiver))) == 100);
    }

    TEST_CASE("each value spends budget on both sides") {
        auto [sender, receiver] = mpsc::channel<int>(1'000'000);
        auto sending = spawn_mock("the producer", produce(sender, 0, 3 * static_cast<int>(rt::budget::per_poll)));
        rt::budget::refill();
        CHECK(sending.poll() == Pending);
        CHECK(sending.wakes() == 1);
        auto receive = [](mpsc::Receiver<int>* from, std::uint64_t* count) -> Async<> {
            while (std::optional<int> value = co_await from->recv()) {
                ++*count;
            }
        };
        std::uint64_t count = 0;
        auto receiving = spawn_mock("the consumer", receive(&receiver, &count));
        rt::budget::refill();
        CHECK(receiving.poll() == Pending);
        CHECK(receiving.wakes() == 1);
        CHECK(count == rt::budget::per_poll);
        rt::budget::lift();
    }

    TEST_CASE("many tasks to one on one thread") {
        rt::CurrentThread runtime;
        CHECK(runtime.block_on(many_to_one(4, rounds_of(5'000), 3)));
        CHECK(runtime.block_on(many_to_one(100, 50, 1)));
    }

    TEST_CASE("many tasks to one on two threads") {
        rt::MultiThread runtime(2);
        CHECK(runtime.block_on(many_to_one(4, rounds_of(2'000), 3)));
        CHECK(runtime.block_on(many_to_one(20, 50, 1)));
    }

    TEST_CASE("threads without a runtime to one") {
        constexpr int producers = 3;
        int const each = rounds_of(2'000);
        auto [sender, receiver] = mpsc::channel<int>(7);
        std::vector<TestThread> threads;
        for (int p = 0; p < producers; ++p) {
            threads.emplace_back([own = sender, p, each] { rt::block_on(produce(own, p * each, each)); });
        }
        { auto last = std::move(sender); }
        CHECK(rt::block_on(consume(std::move(receiver), producers, each)));
    }

    TEST_CASE("senders that give up lose nothing but what they had not sent") {
        Random random(seed_of_this_run());
        constexpr int producers = 3;
        int const each = rounds_of(1'000);
        auto [sender, receiver] = mpsc::channel<int>(2);
        rt::Atomic<int> sent{0};
        {
            std::vector<TestThread> threads;
            for (int p = 0; p < producers; ++p) {
                threads.emplace_back([own = sender, &sent, each, own_random = Random(random.next())]() mutable {
                    rt::Waker waker = rt::Waker::noop();
                    rt::Context cx(waker);
                    for (int i = 0; i < each; ++i) {
                        auto send = own.send(i);
                        for (int polls = own_random.below(6); polls >= 0; --polls) {
                            if (send.poll(cx).is_ready()) {
                                sent.fetch_add(1, rt::relaxed);
                                break;
                            }
                            dawdle(own_random.below(200));
                        }
                    }
                });
            }
            { auto last = std::move(sender); }
            int received = 0;
            auto count = [](mpsc::Receiver<int> from, int* to) -> Async<> {
                while (auto value = co_await from.recv()) {
                    still_alive();
                    ++*to;
                }
            };
            rt::block_on(count(std::move(receiver), &received));
            threads.clear();
            CHECK(received == sent.load(rt::relaxed));
            step("{} of {} were sent", received, producers * each);
        }
    }

    TEST_CASE("the receiver goes while threads send: no value is lost or destroyed twice") {
        Random random(seed_of_this_run());
        for (int round = 0; round < 300; ++round) {
            still_alive();
            DropCounter counter;
            auto [sender, receiver] = mpsc::channel<DropCounter::Token>(2);
            {
                TestThread thread([own = std::move(sender), &counter] {
                    auto send_all = [](mpsc::Sender<DropCounter::Token> to, DropCounter* tokens) -> Async<> {
                        for (;;) {
                            co_await to.send(tokens->token());
                        }
                    };
                    CHECK_THROWS_AS(rt::block_on(send_all(own, &counter)), mpsc::Unsent<DropCounter::Token>);
                });
                auto own = std::move(receiver);
                for (int n = random.below(20); n > 0; --n) {
                    auto value = rt::block_on(own.recv());
                    CHECK(value.has_value());
                }
            }
            CHECK(counter.alive() == 0);
        }
    }
}
