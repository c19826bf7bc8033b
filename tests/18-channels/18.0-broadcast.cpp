#include <doctest/doctest.h>
#include <rt/broadcast.hpp>
#include <support/calling_waker.hpp>
#include <support/death.hpp>
#include <support/drop_counter.hpp>
#include <support/mock_task.hpp>
#include <support/show.hpp>
#include <support/story.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

using namespace support;
using rt::Pending;
using rt::Ready;
namespace broadcast = rt::broadcast;
using rt::Lagged;

namespace {

using Value = std::optional<int>;

template <class T>
auto mock_recv(broadcast::Receiver<T>& receiver) {
    return spawn_mock("recv", receiver.recv());
}

/// A value that locks the channel it is in when it is copied or destroyed.
class Parcel {
  public:
    explicit Parcel(broadcast::Sender<Parcel> way_back)
        : sender_(std::make_shared<broadcast::Sender<Parcel>>(std::move(way_back))) {}
    Parcel(const Parcel& other) : sender_(other.sender_) { come_back(); }
    Parcel(Parcel&&) noexcept = default;
    Parcel& operator=(const Parcel&) = delete;
    Parcel& operator=(Parcel&&) = delete;
    ~Parcel() { come_back(); }

  private:
    void come_back() const noexcept {
        if (sender_) {
            std::ignore = sender_->receiver_count();
        }
    }

    std::shared_ptr<broadcast::Sender<Parcel>> sender_;  // null: moved away
};

/// How many values the next try_recv says were missed; 0 if it says nothing of the kind.
template <class T>
std::uint64_t missed_by(broadcast::Receiver<T>& receiver) {
    try {
        receiver.try_recv();
    } catch (const Lagged& lagged) {
        return lagged.missed();
    }
    return 0;
}

}  // namespace

TEST_SUITE("18.0 given: broadcast") {
    TEST_CASE("every receiver sees every value") {
        auto [sender, first] = broadcast::channel<int>(4);
        auto second = sender.subscribe();
        CHECK(sender.receiver_count() == 2);
        CHECK(sender.send(1) == 2);
        CHECK(sender.send(2) == 2);
        for (auto* receiver : {&first, &second}) {
            for (int n : {1, 2}) {
                auto recv = mock_recv(*receiver);
                CHECK(recv.poll() == Ready(Value(n)));
                CHECK(recv.clones() == 0);
            }
            auto recv = mock_recv(*receiver);
            CHECK(recv.poll() == Pending);
        }
    }

    TEST_CASE("a receiver sees what is sent after it subscribed") {
        auto [sender, early] = broadcast::channel<int>(4);
        CHECK(sender.send(1) == 1);
        auto late = sender.subscribe();
        CHECK(sender.send(2) == 2);
        CHECK(late.try_recv() == Value(2));
        CHECK(early.try_recv() == Value(1));
        CHECK(early.try_recv() == Value(2));
        CHECK(late.try_recv() == Value());
    }

    TEST_CASE("all who wait are woken once each") {
        auto [sender, receiver] = broadcast::channel<int>(4);
        std::vector<std::unique_ptr<broadcast::Receiver<int>>> receivers;
        std::vector<std::unique_ptr<MockTask<broadcast::Recv<int>>>> tasks;
        for (int n = 0; n < 70; ++n) {
            receivers.push_back(std::make_unique<broadcast::Receiver<int>>(sender.subscribe()));
            tasks.push_back(
                std::make_unique<MockTask<broadcast::Recv<int>>>(fmt::format("recv {}", n), receivers.back()->recv()));
            CHECK(tasks.back()->poll() == Pending);
        }
        CHECK(sender.send(7) == 71);
        for (auto& task : tasks) {
            CHECK(task->wakes() == 1);
            CHECK(task->kept_wakers() == 0);
            CHECK(task->poll() == Ready(Value(7)));
        }
    }

    TEST_CASE("the latest waker counts") {
        auto [sender, receiver] = broadcast::channel<int>(1);
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
        CHECK(sender.send(1) == 1);
        CHECK(first.wakes() == 0);
        CHECK(second.wakes() == 1);
    }

    TEST_CASE("nobody listens: nothing is kept") {
        DropCounter counter;
        auto [sender, receiver] = broadcast::channel<DropCounter::Token>(4);
        { auto gone = std::move(receiver); }
        CHECK(sender.send(counter.token()) == 0);
        CHECK(counter.alive() == 0);
        auto late = sender.subscribe();
        CHECK_FALSE(late.try_recv().has_value());
    }

    TEST_CASE("a slow receiver is told how many it missed and goes on with the oldest") {
        auto [sender, slow] = broadcast::channel<int>(3);
        auto quick = sender.subscribe();
        for (int n = 1; n <= 3; ++n) {
            CHECK(sender.send(n) == 2);
            CHECK(quick.try_recv() == Value(n));
        }
        step("just full: nothing is missed yet");
        CHECK(sender.send(4) == 2);
        CHECK(sender.send(5) == 2);
        auto recv = mock_recv(slow);
        try {
            std::ignore = recv.poll();
            FAIL("no exception");
        } catch (const Lagged& lagged) {
            CHECK(lagged.missed() == 2);
        }
        for (int n : {3, 4, 5}) {
            CHECK(slow.try_recv() == Value(n));
        }
        CHECK(slow.try_recv() == Value());
        CHECK(quick.try_recv() == Value(4));
        CHECK(quick.try_recv() == Value(5));
    }

    TEST_CASE("a full buffer is not a lag") {
        auto [sender, receiver] = broadcast::channel<int>(3);
        for (int n = 1; n <= 3; ++n) {
            sender.send(n);
        }
        CHECK(missed_by(receiver) == 0);
        CHECK(receiver.try_recv() == Value(2));
        CHECK(receiver.try_recv() == Value(3));
    }

    TEST_CASE("it lags again and is told again") {
        auto [sender, receiver] = broadcast::channel<int>(1);
        for (int n = 1; n <= 10; ++n) {
            sender.send(n);
        }
        CHECK(missed_by(receiver) == 9);
        sender.send(11);
        CHECK(missed_by(receiver) == 1);
        CHECK(receiver.try_recv() == Value(11));
    }

    TEST_CASE("the last sender goes: receivers see the rest and then the end") {
        auto [sender, receiver] = broadcast::channel<int>(4);
        auto other = sender.subscribe();
        auto waiting = mock_recv(other);
        auto copy = sender;
        CHECK(sender.send(1) == 2);
        CHECK(waiting.poll() == Ready(Value(1)));
        auto again = mock_recv(other);
        CHECK(again.poll() == Pending);
        { auto gone = std::move(sender); }
        CHECK_FALSE(again.is_woken());
        step("drop the last sender");
        { auto gone = std::move(copy); }
        CHECK(again.wakes() == 1);
        CHECK(again.poll() == Ready(Value()));
        for (auto expected : {Value(1), Value(), Value()}) {
            auto recv = mock_recv(receiver);
            CHECK(recv.poll() == Ready(expected));
        }
    }

    TEST_CASE("a value is destroyed when the last receiver has seen it") {
        DropCounter counter;
        auto [sender, first] = broadcast::channel<DropCounter::Token>(4);
        auto second = sender.subscribe();
        sender.send(counter.token());
        CHECK(counter.alive() == 1);
        { auto seen = first.try_recv(); }
        CHECK(counter.alive() == 1);
        { auto seen = second.try_recv(); }
        CHECK(counter.alive() == 0);
        CHECK(counter.copies() == 2);
    }

    TEST_CASE("a value is destroyed when a receiver goes that alone had not seen it") {
        DropCounter counter;
        auto [sender, first] = broadcast::channel<DropCounter::Token>(2);
        auto second = sender.subscribe();
        for (int n = 0; n < 5; ++n) {
            sender.send(counter.token());
        }
        CHECK(counter.alive() == 2);
        { auto gone = std::move(first); }
        CHECK(counter.alive() == 2);
        CHECK(missed_by(second) == 3);
        { auto seen = second.try_recv(); }
        CHECK(counter.alive() == 1);
        { auto gone = std::move(second); }
        CHECK(counter.alive() == 0);
        CHECK(sender.receiver_count() == 0);
    }

    TEST_CASE("a recv that is dropped takes nothing and leaves no waker") {
        auto [sender, receiver] = broadcast::channel<int>(2);
        auto dropped = mock_recv(receiver);
        CHECK(dropped.poll() == Pending);
        dropped.drop();
        CHECK(dropped.kept_wakers() == 0);
        CHECK(sender.send(1) == 1);
        CHECK(dropped.wakes() == 0);
        CHECK(receiver.try_recv() == Value(1));
        auto recv = mock_recv(receiver);
        CHECK(recv.poll() == Pending);
        CHECK(sender.send(2) == 1);
        CHECK(recv.is_woken());
        recv.drop();
        CHECK(receiver.try_recv() == Value(2));
    }

    TEST_CASE("whoever is woken may come back at once") {
        auto [sender, receiver] = broadcast::channel<int>(4);
        int wakes = 0;
        CallingWaker back([&wakes, &from = sender] {
            ++wakes;
            CHECK(from.receiver_count() == 1);
        });
        rt::Waker const waker = back.waker();
        rt::Context cx(waker);
        auto recv = receiver.recv();
        CHECK(recv.poll(cx) == Pending);
        step("send to one that comes back");
        CHECK(sender.send(1) == 1);
        CHECK(wakes == 1);
        CHECK(recv.poll(cx) == Ready(Value(1)));
    }

    TEST_CASE("values that come back to the channel when they are copied or destroyed") {
        auto [sender, receiver] = broadcast::channel<Parcel>(1);
        auto other = sender.subscribe();
        Parcel parcel(sender);
        sender.send(parcel);
        step("push a parcel out");
        sender.send(parcel);
        CHECK(missed_by(receiver) == 1);
        CHECK(missed_by(other) == 1);
        step("receive one");
        { auto received = receiver.try_recv(); }
        step("drop the receiver that has not seen it");
        { auto gone = std::move(other); }
        CHECK(sender.receiver_count() == 1);
    }

    TEST_CASE("no waker is destroyed under the lock") {
        auto [sender, receiver] = broadcast::channel<int>(1);
        CallingWaker back([] {}, [&from = sender] { std::ignore = from.receiver_count(); });
        CountingWaker counter;
        rt::Waker const waker = back.waker();
        rt::Waker const quiet = counter.waker();
        rt::Context cx(waker);
        rt::Context quiet_cx(quiet);
        {
            auto recv = receiver.recv();
            CHECK(recv.poll(cx) == Pending);
            step("replace a waker that comes back to the channel when it is destroyed");
            CHECK(recv.poll(quiet_cx) == Pending);
            CHECK(recv.poll(cx) == Pending);
            step("drop a recv that waits with such a waker");
        }
        CHECK(counter.alive() == 1);
    }

    TEST_CASE("a capacity of 0 is refused") {
        expect_violation(
            "broadcast::channel was called with a capacity of 0", [] { std::ignore = broadcast::channel<int>(0); },
            Noticed::in_every_build);
    }
}
