/// \file
/// 18.2: an mpsc channel, with both ends polled by hand.
#include "stepped_mpsc.hpp"

#include <doctest/doctest.h>
#include <rt/future.hpp>
#include <support/drop_counter.hpp>
#include <support/mock_task.hpp>
#include <support/show.hpp>
#include <support/story.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <tuple>
#include <utility>

using namespace support;
using mpsc::TrySend;
using rt::Pending;
using rt::Ready;

namespace {

using Value = std::optional<int>;

/// A value that locks the channel it is in when it is destroyed.
class Letter {
  public:
    explicit Letter(const mpsc::Sender<Letter>& way_back) : sender_(std::make_unique<mpsc::Sender<Letter>>(way_back)) {}
    Letter(Letter&&) noexcept = default;
    Letter& operator=(Letter&&) noexcept = default;
    ~Letter() {
        if (sender_) {
            std::ignore = sender_->is_closed();
        }
    }

  private:
    std::unique_ptr<mpsc::Sender<Letter>> sender_;  // null: moved away
};

}  // namespace

TEST_SUITE("18.2 mpsc") {
    TEST_CASE("values come in the order in which they were sent") {
        auto [sender, receiver] = mpsc::channel<int>(10);
        for (int n = 1; n <= 10; ++n) {
            auto send = mock_send(sender, n);
            CHECK(send.poll() == Ready());
        }
        for (int n = 1; n <= 10; ++n) {
            auto recv = mock_recv(receiver);
            CHECK(recv.poll() == Ready(Value(n)));
        }
    }

    TEST_CASE("a receiver that waits is woken by a send") {
        auto [sender, receiver] = mpsc::channel<int>(1);
        auto recv = mock_recv(receiver);
        CHECK(recv.poll() == Pending);
        CHECK(recv.clones() == 1);
        CHECK(sender.try_send(3) == TrySend::sent);
        CHECK_MESSAGE(recv.wakes() == 1, "a value came, and the receiver that waits for it was not woken");
        CHECK(recv.kept_wakers() == 0);
        CHECK(recv.poll() == Ready(Value(3)));
    }

    TEST_CASE("the latest waker counts") {
        auto [sender, receiver] = mpsc::channel<int>(1);
        CountingWaker first;
        CountingWaker second;
        auto recv = receiver.recv();
        for (CountingWaker* counter : {&first, &second}) {
            rt::Waker waker = counter->waker();
            rt::Context cx(waker);
            CHECK(recv.poll(cx) == Pending);
            CHECK(recv.poll(cx) == Pending);
        }
        CHECK(first.alive() == 0);
        CHECK(first.clones() == 1);
        CHECK(sender.try_send(1) == TrySend::sent);
        CHECK(first.wakes() == 0);
        CHECK_MESSAGE(second.wakes() == 1, "the task that polled last was not woken. Keep the newest waker.");
    }

    TEST_CASE("a sender without room waits until a value is received") {
        auto [sender, receiver] = mpsc::channel<int>(2);
        CHECK(sender.try_send(1) == TrySend::sent);
        CHECK(sender.try_send(2) == TrySend::sent);
        CHECK(sender.try_send(3) == TrySend::full);
        auto send = mock_send(sender, 3);
        CHECK_MESSAGE(send.poll() == Pending, "both places are taken, so this send must wait");
        CHECK(send.kept_wakers() == 1);
        CHECK(receiver.try_recv() == Value(1));
        CHECK_MESSAGE(send.wakes() == 1, "a value was received, and the send that waits for its place was not woken");
        step("its place is reserved: no other send may have it");
        CHECK_MESSAGE(sender.try_send(4) == TrySend::full, "another send took the place of the one that was woken");
        CHECK_MESSAGE(send.poll() == Ready(), "a place was reserved for this send, and it waits again");
        CHECK_MESSAGE(sender.try_send(4) == TrySend::full,
                      "both places are taken. A place that was reserved is no longer among the free ones.");
        CHECK(receiver.try_recv() == Value(2));
        CHECK(receiver.try_recv() == Value(3));
        CHECK(receiver.try_recv() == Value());
        step("both places are free again, and no more than these");
        CHECK(sender.try_send(5) == TrySend::sent);
        CHECK_MESSAGE(sender.try_send(6) == TrySend::sent, "two values were received, so two places are free");
        CHECK(sender.try_send(7) == TrySend::full);
    }

    TEST_CASE("a send that waits keeps its value") {
        auto [sender, receiver] = mpsc::channel<std::unique_ptr<int>>(1);
        CHECK(sender.try_send(std::make_unique<int>(1)) == TrySend::sent);
        auto value = std::make_unique<int>(2);
        CHECK(sender.try_send(std::move(value)) == TrySend::full);
        REQUIRE_MESSAGE(value != nullptr, "the channel was full, and the sender has lost its value");
        auto send = spawn_mock("send", sender.send(std::move(value)));
        CHECK(send.poll() == Pending);
        CHECK(receiver.try_recv().has_value());
        CHECK(send.poll() == Ready());
        auto received = receiver.try_recv();
        REQUIRE(received.has_value());
        REQUIRE_MESSAGE(*received != nullptr,
                        "the send has lost its value while it waited. Move the value when there is a place.");
        CHECK(**received == 2);
    }

    TEST_CASE("the latest waker of a send counts") {
        auto [sender, receiver] = mpsc::channel<int>(1);
        CHECK(sender.try_send(0) == TrySend::sent);
        CountingWaker first;
        CountingWaker second;
        auto send = sender.send(1);
        for (CountingWaker* counter : {&first, &second}) {
            rt::Waker waker = counter->waker();
            rt::Context cx(waker);
            CHECK(send.poll(cx) == Pending);
            CHECK(send.poll(cx) == Pending);
        }
        CHECK(first.alive() == 0);
        CHECK(first.clones() == 1);
        CHECK(receiver.try_recv() == Value(0));
        CHECK(first.wakes() == 0);
        CHECK(second.wakes() == 1);
    }

    TEST_CASE("senders get room in the order in which they began to wait") {
        auto [sender, receiver] = mpsc::channel<int>(1);
        CHECK(sender.try_send(0) == TrySend::sent);
        auto first = mock_send(sender, 1);
        auto second = mock_send(sender, 2);
        auto third = mock_send(sender, 3);
        CHECK(second.poll() == Pending);
        CHECK(first.poll() == Pending);
        CHECK(third.poll() == Pending);
        step("polling again does not change the order");
        CHECK(second.poll() == Pending);
        CHECK(receiver.try_recv() == Value(0));
        CHECK(second.is_woken());
        CHECK_FALSE(first.is_woken());
        CHECK_FALSE(third.is_woken());
        step("the third is polled first");
        CHECK_MESSAGE(third.poll() == Pending, "the third send has overtaken the second, which has waited longer");
        CHECK(second.poll() == Ready());
        CHECK(receiver.try_recv() == Value(2));
        CHECK(first.is_woken());
        CHECK(first.poll() == Ready());
        CHECK(receiver.try_recv() == Value(1));
        CHECK(third.poll() == Ready());
        CHECK(receiver.try_recv() == Value(3));
    }

    TEST_CASE("the last sender goes: the receiver is woken") {
        auto [sender, receiver] = mpsc::channel<int>(1);
        auto recv = mock_recv(receiver);
        CHECK(recv.poll() == Pending);
        {
            auto copy = sender;
            step("drop one of two senders");
            { auto gone = std::move(sender); }
            CHECK_FALSE(recv.is_woken());
            step("drop the last sender");
        }
        CHECK_MESSAGE(recv.wakes() == 1, "no value will ever come, so wake the receiver that waits for one");
        CHECK_MESSAGE(recv.poll() == Ready(Value()), "no value will ever come, and the receiver waits for one");
    }

    TEST_CASE("what was sent before the last sender went is still received") {
        auto [sender, receiver] = mpsc::channel<int>(2);
        CHECK(sender.try_send(1) == TrySend::sent);
        CHECK(sender.try_send(2) == TrySend::sent);
        { auto gone = std::move(sender); }
        for (auto expected : {Value(1), Value(2), Value(), Value()}) {
            auto recv = mock_recv(receiver);
            CHECK_MESSAGE(recv.poll() == Ready(expected), "first what was sent, and then the end");
        }
    }

    TEST_CASE("a recv that takes the value of another one leaves the list") {
        auto [sender, receiver] = mpsc::channel<int>(2);
        auto first = mock_recv(receiver);
        CHECK(first.poll() == Pending);
        {
            auto second = mock_recv(receiver);
            CHECK(second.poll() == Pending);
            step("the first in line is woken, and the second is polled before it");
            CHECK(sender.try_send(1) == TrySend::sent);
            CHECK(second.poll() == Ready(Value(1)));
        }
        step("the second has gone");
        auto third = mock_recv(receiver);
        CHECK(third.poll() == Pending);
        CHECK(first.poll() == Pending);
        CHECK(sender.try_send(2) == TrySend::sent);
        CHECK(third.wakes() == 1);
        CHECK(third.poll() == Ready(Value(2)));
        CHECK(sender.try_send(3) == TrySend::sent);
        CHECK(first.wakes() == 2);
        CHECK(first.poll() == Ready(Value(3)));
    }

    TEST_CASE("the receiver goes: senders that wait are woken and get their value back") {
        auto [sender, receiver] = mpsc::channel<int>(1);
        CHECK(sender.try_send(0) == TrySend::sent);
        auto first = mock_send(sender, 1);
        auto second = mock_send(sender, 2);
        CHECK(first.poll() == Pending);
        CHECK(second.poll() == Pending);
        step("drop the receiver");
        { auto gone = std::move(receiver); }
        CHECK_MESSAGE(first.wakes() == 1, "no place will ever become free, so wake each send that waits for one");
        CHECK_MESSAGE(second.wakes() == 1, "each send that waits is woken, and not only the first");
        try {
            std::ignore = first.poll();
            FAIL("the channel is closed, so this send must throw");
        } catch (mpsc::Unsent<int>& unsent) {
            CHECK(unsent.take() == 1);
        }
        CHECK_THROWS_AS(std::ignore = second.poll(), mpsc::Unsent<int>);
        CHECK(sender.is_closed());
    }

    TEST_CASE("after the receiver has gone nothing is sent and no value is used up") {
        auto [sender, receiver] = mpsc::channel<std::unique_ptr<int>>(1);
        { auto gone = std::move(receiver); }
        auto value = std::make_unique<int>(3);
        CHECK_MESSAGE(sender.try_send(std::move(value)) == TrySend::closed, "a value was sent that nobody can receive");
        REQUIRE_MESSAGE(value != nullptr, "the value was refused, and the sender has lost it");
        auto send = spawn_mock("send", sender.send(std::move(value)));
        try {
            std::ignore = send.poll();
            FAIL("the channel is closed, so this send must throw");
        } catch (mpsc::Unsent<std::unique_ptr<int>>& unsent) {
            CHECK(*unsent.take() == 3);
        }
    }

    TEST_CASE("what the receiver did not take is destroyed with it") {
        DropCounter counter;
        auto [sender, receiver] = mpsc::channel<DropCounter::Token>(3);
        for (int i = 0; i < 3; ++i) {
            CHECK(sender.try_send(counter.token()) == TrySend::sent);
        }
        auto waiting = spawn_mock("send", sender.send(counter.token()));
        CHECK(waiting.poll() == Pending);
        { auto first = receiver.try_recv(); }
        CHECK(counter.drops() == 1);
        step("drop the receiver");
        { auto gone = std::move(receiver); }
        CHECK_MESSAGE(counter.drops() == 3, "the values in the buffer live on, although nobody can receive them");
        step("the send that waits still has its value");
        CHECK(counter.alive() == 1);
        CHECK(counter.copies() == 0);
    }

    TEST_CASE("values that come back to the channel when they are destroyed") {
        auto [sender, receiver] = mpsc::channel<Letter>(2);
        CHECK(sender.try_send(Letter(sender)) == TrySend::sent);
        CHECK(sender.try_send(Letter(sender)) == TrySend::sent);
        { auto received = receiver.try_recv(); }
        step("drop the receiver");
        { auto gone = std::move(receiver); }
        CHECK(sender.is_closed());
    }

    TEST_CASE("close lets nothing in and what is there out") {
        auto [sender, receiver] = mpsc::channel<int>(2);
        CHECK(sender.try_send(1) == TrySend::sent);
        CHECK(sender.try_send(2) == TrySend::sent);
        auto send = mock_send(sender, 3);
        CHECK(send.poll() == Pending);
        receiver.close();
        CHECK(send.wakes() == 1);
        CHECK_THROWS_AS(std::ignore = send.poll(), mpsc::Unsent<int>);
        CHECK(sender.try_send(4) == TrySend::closed);
        for (auto expected : {Value(1), Value(2), Value()}) {
            auto recv = mock_recv(receiver);
            CHECK_MESSAGE(recv.poll() == Ready(expected), "what was sent before the end is still received");
        }
        step("a place became free twice, and the channel is closed all the same");
        CHECK(sender.try_send(5) == TrySend::closed);
    }

    TEST_CASE("close wakes a recv that waits") {
        auto [sender, receiver] = mpsc::channel<int>(2);
        auto recv = mock_recv(receiver);
        CHECK(recv.poll() == Pending);
        receiver.close();
        CHECK_MESSAGE(recv.wakes() == 1, "no value will ever come, so wake the receiver that waits for one");
        CHECK(recv.poll() == Ready(Value()));
    }

    TEST_CASE("a large capacity takes memory only as it is used") {
        auto [sender, receiver] = mpsc::channel<int>(static_cast<std::size_t>(1) << 60U);
        for (int n = 0; n < 1000; ++n) {
            CHECK(sender.try_send(n) == TrySend::sent);
            if (n % 3 == 2) {
                CHECK(receiver.try_recv() == Value(n / 3));
            }
        }
        for (int n = 333; n < 1000; ++n) {
            CHECK(receiver.try_recv() == Value(n));
        }
    }
}
