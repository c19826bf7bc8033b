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
#include <string>
#include <tuple>
#include <utility>
#include <vector>

using namespace support;
using rt::Async;
using rt::Pending;
using rt::Ready;
namespace mpsc = rt::mpsc;
using mpsc::TrySend;

namespace {

using Value = std::optional<int>;

template <class T>
auto mock_recv(mpsc::Receiver<T>& receiver) {
    return spawn_mock("recv", receiver.recv());
}

template <class T>
auto mock_send(const mpsc::Sender<T>& sender, T value) {
    return spawn_mock(fmt::format("send {}", show(value)), sender.send(std::move(value)));
}

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
        CHECK(recv.wakes() == 1);
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
        CHECK(second.wakes() == 1);
    }

    TEST_CASE("a sender without room waits until a value is received") {
        auto [sender, receiver] = mpsc::channel<int>(2);
        CHECK(sender.try_send(1) == TrySend::sent);
        CHECK(sender.try_send(2) == TrySend::sent);
        CHECK(sender.try_send(3) == TrySend::full);
        auto send = mock_send(sender, 3);
        CHECK(send.poll() == Pending);
        CHECK(send.kept_wakers() == 1);
        CHECK(receiver.try_recv() == Value(1));
        CHECK(send.wakes() == 1);
        step("its place is kept: nobody else may have it");
        CHECK(sender.try_send(4) == TrySend::full);
        CHECK(send.poll() == Ready());
        CHECK(receiver.try_recv() == Value(2));
        CHECK(receiver.try_recv() == Value(3));
        CHECK(receiver.try_recv() == Value());
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
        step("the third is polled first, and must not overtake");
        CHECK(third.poll() == Pending);
        CHECK(second.poll() == Ready());
        CHECK(receiver.try_recv() == Value(2));
        CHECK(first.is_woken());
        CHECK(first.poll() == Ready());
        CHECK(receiver.try_recv() == Value(1));
        CHECK(third.poll() == Ready());
        CHECK(receiver.try_recv() == Value(3));
    }

    TEST_CASE("the last sender goes: the receiver is woken and told") {
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
        CHECK(recv.wakes() == 1);
        CHECK(recv.poll() == Ready(Value()));
    }

    TEST_CASE("what was sent before the last sender went is still received") {
        auto [sender, receiver] = mpsc::channel<int>(2);
        CHECK(sender.try_send(1) == TrySend::sent);
        CHECK(sender.try_send(2) == TrySend::sent);
        { auto gone = std::move(sender); }
        for (auto expected : {Value(1), Value(2), Value(), Value()}) {
            auto recv = mock_recv(receiver);
            CHECK(recv.poll() == Ready(expected));
        }
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
        CHECK(first.wakes() == 1);
        CHECK(second.wakes() == 1);
        try {
            std::ignore = first.poll();
            FAIL("no exception");
        } catch (mpsc::Unsent<int>& unsent) {
            CHECK(unsent.take() == 1);
        }
        CHECK_THROWS_AS(std::ignore = second.poll(), rt::SendError);
        CHECK(sender.is_closed());
    }

    TEST_CASE("after the receiver has gone nothing is sent and no value is used up") {
        auto [sender, receiver] = mpsc::channel<std::unique_ptr<int>>(1);
        { auto gone = std::move(receiver); }
        auto value = std::make_unique<int>(3);
        CHECK(sender.try_send(std::move(value)) == TrySend::closed);
        REQUIRE(value != nullptr);
        auto send = spawn_mock("send", sender.send(std::move(value)));
        try {
            std::ignore = send.poll();
            FAIL("no exception");
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
        CHECK(counter.drops() == 3);
        step("the sender that waits still has its value");
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
        CHECK_THROWS_AS(std::ignore = send.poll(), rt::SendError);
        CHECK(sender.try_send(4) == TrySend::closed);
        for (auto expected : {Value(1), Value(2), Value()}) {
            auto recv = mock_recv(receiver);
            CHECK(recv.poll() == Ready(expected));
        }
    }

    TEST_CASE("a capacity of 0 is refused") {
        expect_violation(
            "mpsc::channel: a capacity of 0 has room for nothing", [] { std::ignore = mpsc::channel<int>(0); },
            Noticed::in_every_build);
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

TEST_SUITE("18.3 mpsc between tasks and threads") {
    TEST_CASE("many tasks to one on one thread") {
        rt::CurrentThread runtime;
        CHECK(runtime.block_on(many_to_one(4, 5'000, 3)));
        CHECK(runtime.block_on(many_to_one(100, 50, 1)));
    }

    TEST_CASE("many tasks to one on two threads") {
        rt::MultiThread runtime(2);
        CHECK(runtime.block_on(many_to_one(4, 2'000, 3)));
        CHECK(runtime.block_on(many_to_one(20, 50, 1)));
    }

    TEST_CASE("threads without a runtime to one") {
        constexpr int producers = 3;
        constexpr int each = 2'000;
        auto [sender, receiver] = mpsc::channel<int>(7);
        std::vector<TestThread> threads;
        for (int p = 0; p < producers; ++p) {
            threads.emplace_back([own = sender, p] { rt::block_on(produce(own, p * each, each)); });
        }
        { auto last = std::move(sender); }
        CHECK(rt::block_on(consume(std::move(receiver), producers, each)));
    }

    TEST_CASE("senders that give up lose nothing but what they had not sent") {
        Random random(seed_of_this_run());
        constexpr int producers = 3;
        constexpr int each = 1'000;
        auto [sender, receiver] = mpsc::channel<int>(2);
        rt::Atomic<int> sent{0};
        {
            std::vector<TestThread> threads;
            for (int p = 0; p < producers; ++p) {
                threads.emplace_back([own = sender, &sent, own_random = Random(random.next())]() mutable {
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
                    CHECK_THROWS_AS(rt::block_on(send_all(own, &counter)), rt::SendError);
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
