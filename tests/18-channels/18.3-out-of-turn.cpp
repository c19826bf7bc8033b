/// \file
/// 18.3: sends and receives that are dropped while they wait, and threads that do both at any moment.
#include "mock_mpsc.hpp"

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
#include <support/calling_waker.hpp>
#include <support/death.hpp>
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
using mpsc::TrySend;
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

TEST_SUITE("18.3 mpsc") {
    TEST_CASE("a send that is dropped while it waits has sent nothing") {
        auto [sender, receiver] = mpsc::channel<int>(1);
        CHECK(sender.try_send(0) == TrySend::sent);
        auto first = mock_send(sender, 1);
        auto second = mock_send(sender, 2);
        CHECK(first.poll() == Pending);
        CHECK(second.poll() == Pending);
        first.drop();
        CHECK(first.kept_wakers() == 0);
        CHECK(receiver.try_recv() == Value(0));
        CHECK(second.is_woken());
        CHECK(second.poll() == Ready());
        CHECK(receiver.try_recv() == Value(2));
    }

    TEST_CASE("a send that is dropped with its place in hand passes it on") {
        auto [sender, receiver] = mpsc::channel<int>(1);
        CHECK(sender.try_send(0) == TrySend::sent);
        auto first = mock_send(sender, 1);
        auto second = mock_send(sender, 2);
        CHECK(first.poll() == Pending);
        CHECK(second.poll() == Pending);
        CHECK(receiver.try_recv() == Value(0));
        CHECK(first.is_woken());
        first.drop();
        CHECK(second.is_woken());
        step("and if nobody waits, it is free for all");
        second.drop();
        CHECK(sender.try_send(3) == TrySend::sent);
        CHECK(receiver.try_recv() == Value(3));
        CHECK(receiver.try_recv() == Value());
    }

    TEST_CASE("a send that has finished passes nothing on") {
        auto [sender, receiver] = mpsc::channel<int>(1);
        CHECK(sender.try_send(0) == TrySend::sent);
        auto first = mock_send(sender, 1);
        auto second = mock_send(sender, 2);
        CHECK(first.poll() == Pending);
        CHECK(second.poll() == Pending);
        CHECK(receiver.try_recv() == Value(0));
        CHECK(first.poll() == Ready());
        first.drop();
        CHECK_FALSE(second.is_woken());
        CHECK(sender.try_send(3) == TrySend::full);
    }

    TEST_CASE("a recv that is dropped takes nothing and leaves no waker") {
        auto [sender, receiver] = mpsc::channel<int>(1);
        auto dropped = mock_recv(receiver);
        CHECK(dropped.poll() == Pending);
        dropped.drop();
        CHECK(dropped.kept_wakers() == 0);
        CHECK(sender.try_send(1) == TrySend::sent);
        CHECK(dropped.wakes() == 0);
        auto woken = mock_recv(receiver);
        CHECK(woken.poll() == Ready(Value(1)));

        auto recv = mock_recv(receiver);
        CHECK(recv.poll() == Pending);
        CHECK(sender.try_send(2) == TrySend::sent);
        CHECK(recv.is_woken());
        recv.drop();
        CHECK(receiver.try_recv() == Value(2));
    }

    TEST_CASE("a recv that is dropped after its wake lets another one look") {
        auto [sender, receiver] = mpsc::channel<int>(1);
        auto first = mock_recv(receiver);
        auto second = mock_recv(receiver);
        CHECK(first.poll() == Pending);
        CHECK(second.poll() == Pending);
        CHECK(sender.try_send(1) == TrySend::sent);
        CHECK(first.is_woken());
        first.drop();
        CHECK(second.is_woken());
        CHECK(second.poll() == Ready(Value(1)));
    }

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

    TEST_CASE("whoever is woken may come back at once") {
        auto [sender, receiver] = mpsc::channel<int>(1);
        int wakes = 0;
        CallingWaker back([&wakes, &from = sender] {
            ++wakes;
            std::ignore = from.is_closed();
        });
        rt::Waker const waker = back.waker();
        rt::Context cx(waker);
        {
            auto recv = receiver.recv();
            CHECK(recv.poll(cx) == Pending);
            step("wake the receiver by try_send");
            CHECK(sender.try_send(1) == TrySend::sent);
            CHECK(wakes == 1);
            CHECK(recv.poll(cx) == Ready(Value(1)));
        }
        {
            auto recv = receiver.recv();
            CHECK(recv.poll(cx) == Pending);
            step("wake the receiver by send");
            auto send = mock_send(sender, 2);
            CHECK(send.poll() == Ready());
            CHECK(wakes == 2);
        }
        auto first = mock_send(sender, 3);
        auto second = sender.send(4);
        auto third = sender.send(5);
        CHECK(first.poll() == Pending);
        CHECK(second.poll(cx) == Pending);
        CHECK(third.poll(cx) == Pending);
        CHECK(receiver.try_recv() == Value(2));
        step("wake the second sender, since the first gives up");
        first.drop();
        CHECK(wakes == 3);
        CHECK(second.poll(cx) == Ready());
        step("wake the third sender by try_recv");
        CHECK(receiver.try_recv() == Value(4));
        CHECK(wakes == 4);
        auto last = sender.send(6);
        CHECK(last.poll(cx) == Pending);
        step("wake the last one by close");
        CHECK_FALSE(receiver.is_closed());
        receiver.close();
        CHECK(receiver.is_closed());
        CHECK(wakes == 5);
    }

    TEST_CASE("no waker is destroyed under the lock") {
        auto [sender, receiver] = mpsc::channel<int>(1);
        CallingWaker back([] {}, [&from = sender] { std::ignore = from.is_closed(); });
        CountingWaker counter;
        rt::Waker const waker = back.waker();
        rt::Waker const quiet = counter.waker();
        rt::Context cx(waker);
        rt::Context quiet_cx(quiet);
        {
            auto recv = receiver.recv();
            CHECK(recv.poll(cx) == Pending);
            step("replace the waker of a recv, which comes back to the channel when it is destroyed");
            CHECK(recv.poll(quiet_cx) == Pending);
            CHECK(recv.poll(cx) == Pending);
            step("drop a recv that waits with such a waker");
        }
        CHECK(sender.try_send(0) == TrySend::sent);
        {
            auto send = sender.send(1);
            CHECK(send.poll(cx) == Pending);
            step("replace the waker of a send");
            CHECK(send.poll(quiet_cx) == Pending);
            CHECK(send.poll(cx) == Pending);
            step("drop a send that waits with such a waker");
        }
        CHECK(counter.alive() == 1);
    }

    TEST_CASE("a moved-from end says so") {
        expect_violation(
            "an mpsc sender was used after it was moved from",
            [] {
                auto [sender, receiver] = mpsc::channel<int>(1);
                auto moved = std::move(sender);
                std::ignore = sender.is_closed();
            },
            Noticed::in_every_build);
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
