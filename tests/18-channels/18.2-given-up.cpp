/// \file
/// 18.2: sends and receives that are destroyed while they wait, and wakers that use the channel at once.
#include "stepped_mpsc.hpp"

#include <doctest/doctest.h>
#include <rt/future.hpp>
#include <rt/waker.hpp>
#include <support/calling_waker.hpp>
#include <support/mock_task.hpp>
#include <support/show.hpp>
#include <support/story.hpp>

#include <optional>
#include <tuple>

using namespace support;
using mpsc::TrySend;
using rt::Pending;
using rt::Ready;

namespace {

using Value = std::optional<int>;

}  // namespace

TEST_SUITE("18.2 mpsc given up") {
    TEST_CASE("a send that is dropped while it waits has sent nothing") {
        auto [sender, receiver] = mpsc::channel<int>(1);
        CHECK(sender.try_send(0) == TrySend::sent);
        auto first = mock_send(sender, 1);
        auto second = mock_send(sender, 2);
        CHECK(first.poll() == Pending);
        CHECK(second.poll() == Pending);
        first.drop();
        CHECK(first.kept_wakers() == 0);
        CHECK_MESSAGE(
            !second.is_woken(),
            "a send was destroyed before it had a place, and another one was woken for a place that isn't free");
        CHECK(receiver.try_recv() == Value(0));
        CHECK_MESSAGE(second.is_woken(), "a place became free, and the send that still waits was not woken");
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
        CHECK_MESSAGE(second.is_woken(),
                      "a place was reserved for a send that is destroyed. Reserve it for the next one.");
        step("and if no send waits, the place is free");
        second.drop();
        CHECK_MESSAGE(sender.try_send(3) == TrySend::sent,
                      "a place was reserved for a send that is destroyed, and is lost");
        CHECK(receiver.try_recv() == Value(3));
        CHECK(receiver.try_recv() == Value());
    }

    TEST_CASE("a send that was woken before the end sends nothing after it") {
        auto [sender, receiver] = mpsc::channel<int>(1);
        CHECK(sender.try_send(0) == TrySend::sent);
        auto send = mock_send(sender, 1);
        CHECK(send.poll() == Pending);
        CHECK(receiver.try_recv() == Value(0));
        CHECK(send.is_woken());
        step("close the channel, while a place is reserved for the send");
        receiver.close();
        try {
            std::ignore = send.poll();
            FAIL("a value came in after the end. A closed channel refuses a send for which a place is reserved, too.");
        } catch (mpsc::Unsent<int>& unsent) {
            CHECK(unsent.take() == 1);
        }
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
        CHECK_MESSAGE(!second.is_woken(), "a send that is Ready has used its place, and must not pass it on");
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

    TEST_CASE("a waker may use the channel at once") {
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
        CHECK_MESSAGE(last.poll(cx) == Pending,
                      "the place is reserved for the send that was woken, so this one must wait");
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
}
