#include "mock_mpsc.hpp"

#include <doctest/doctest.h>
#include <rt/async.hpp>
#include <rt/block_on.hpp>
#include <rt/budget.hpp>
#include <rt/future.hpp>
#include <rt/mpsc.hpp>
#include <rt/select.hpp>
#include <support/calling_waker.hpp>
#include <support/death.hpp>
#include <support/mock_task.hpp>
#include <support/show.hpp>
#include <support/story.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <tuple>
#include <utility>

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

}  // namespace

TEST_SUITE("18.3 mpsc dropped while waiting") {
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
            while (co_await from->recv() != std::nullopt) {
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
        receiver.close();
        CHECK(wakes == 5);
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
}
