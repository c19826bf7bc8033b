#include <doctest/doctest.h>
#include <rt/block_on.hpp>
#include <rt/budget.hpp>
#include <rt/future.hpp>
#include <rt/oneshot.hpp>
#include <support/death.hpp>
#include <support/drop_counter.hpp>
#include <support/mock_task.hpp>
#include <support/show.hpp>
#include <support/story.hpp>

#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>

using namespace support;
using rt::Pending;
using rt::Ready;
namespace oneshot = rt::oneshot;

namespace {

/// A value that closes the receiver while it is on its way into the channel.
class Closing {
  public:
    explicit Closing(oneshot::Receiver<Closing>& r) noexcept : receiver_(&r) {}
    Closing(Closing&& other) noexcept { *this = std::move(other); }
    Closing& operator=(Closing&& other) noexcept {
        moves = other.moves + 1;
        if (auto* receiver = std::exchange(other.receiver_, nullptr)) {
            receiver->close();
        }
        return *this;
    }
    int moves = 0;

  private:
    oneshot::Receiver<Closing>* receiver_ = nullptr;
};

}  // namespace

TEST_SUITE("18.3 oneshot") {
    TEST_CASE("sent first: Ready at the first poll") {
        auto [sender, receiver] = oneshot::channel<int>();
        CHECK(sender.send(3));
        auto task = spawn_mock("the receiver", std::move(receiver));
        CHECK(task.poll() == Ready(3));
        CHECK_MESSAGE(task.kept_wakers() == 0,
                      "the value was received, and the channel keeps the waker of the receiver");
    }

    TEST_CASE("waited for first: woken once") {
        auto [sender, receiver] = oneshot::channel<int>();
        auto task = spawn_mock("the receiver", std::move(receiver));
        CHECK(task.poll() == Pending);
        CHECK(task.kept_wakers() == 1);
        CHECK(sender.send(3));
        CHECK_MESSAGE(task.wakes() == 1, "the value was sent, and the receiver that waits for it was not woken");
        CHECK(task.kept_wakers() == 0);
        CHECK(task.poll() == Ready(3));
    }

    TEST_CASE("the latest waker counts") {
        auto [sender, receiver] = oneshot::channel<int>();
        CountingWaker first;
        CountingWaker second;
        for (CountingWaker* counter : {&first, &second}) {
            rt::Waker waker = counter->waker();
            rt::Context cx(waker);
            CHECK(receiver.poll(cx) == Pending);
            CHECK(receiver.poll(cx) == Pending);
        }
        CHECK(first.alive() == 0);
        CHECK(sender.send(1));
        CHECK(first.wakes() == 0);
        CHECK_MESSAGE(second.wakes() == 1, "the task that polled last was not woken. Keep the newest waker.");
    }

    TEST_CASE("a sender that goes without sending is an error to the receiver") {
        auto [sender, receiver] = oneshot::channel<int>();
        auto task = spawn_mock("the receiver", std::move(receiver));
        CHECK(task.poll() == Pending);
        step("drop the sender");
        { auto gone = std::move(sender); }
        CHECK_MESSAGE(task.wakes() == 1, "no value will ever come, so wake the receiver that waits for one");
        CHECK_THROWS_AS(std::ignore = task.poll(), rt::RecvError);
    }

    TEST_CASE("a sender that has gone before is seen at the first poll") {
        auto [sender, receiver] = oneshot::channel<int>();
        { auto gone = std::move(sender); }
        auto task = spawn_mock("the receiver", std::move(receiver));
        CHECK_THROWS_WITH_AS(std::ignore = task.poll(), "the oneshot channel ended and nothing was sent",
                             rt::RecvError);
    }

    TEST_CASE("a receiver that has gone leaves the value to the sender") {
        auto [sender, receiver] = oneshot::channel<std::unique_ptr<int>>();
        CHECK_FALSE(sender.is_closed());
        step("drop the receiver");
        { auto gone = std::move(receiver); }
        CHECK(sender.is_closed());
        auto value = std::make_unique<int>(3);
        CHECK_MESSAGE(!sender.send(std::move(value)), "the value was sent, and there is no receiver");
        REQUIRE_MESSAGE(value != nullptr, "the value was refused, and the sender has lost it. Move it back.");
        CHECK(*value == 3);
    }

    TEST_CASE("a value that is sent and not received is destroyed with the receiver") {
        DropCounter counter;
        auto [sender, receiver] = oneshot::channel<DropCounter::Token>();
        CHECK(sender.send(counter.token()));
        CHECK(counter.drops() == 0);
        step("drop the receiver");
        { auto gone = std::move(receiver); }
        CHECK_MESSAGE(counter.drops() == 1,
                      "both ends are gone, and the channel still holds the value. Its last end deletes it.");
        CHECK(counter.copies() == 0);
    }

    TEST_CASE("close refuses later values and keeps the earlier one") {
        auto [late_sender, late_receiver] = oneshot::channel<int>();
        late_receiver.close();
        CHECK_FALSE(late_sender.send(1));
        CHECK_THROWS_AS(late_receiver.try_recv(), rt::RecvError);
        step("it says so whenever it is asked, and whichever way");
        CHECK_THROWS_AS(late_receiver.try_recv(), rt::RecvError);
        auto late = spawn_mock("the receiver", std::move(late_receiver));
        CHECK_THROWS_AS(std::ignore = late.poll(), rt::RecvError);

        auto [sender, receiver] = oneshot::channel<int>();
        CHECK(sender.send(2));
        receiver.close();
        std::optional<int> received;
        CHECK_NOTHROW_MESSAGE(received = receiver.try_recv(),
                              "a value that was sent before the close can still be received");
        CHECK(received == 2);
    }

    TEST_CASE("a receiver that is closed and was sent nothing has nothing to wait for") {
        auto [sender, receiver] = oneshot::channel<int>();
        receiver.close();
        auto task = spawn_mock("the receiver", std::move(receiver));
        CHECK_THROWS_AS(std::ignore = task.poll(), rt::RecvError);
        CHECK(sender.is_closed());
    }

    TEST_CASE("a receiver that is dropped while it waits leaves no waker") {
        auto [sender, receiver] = oneshot::channel<int>();
        auto task = spawn_mock("the receiver", std::move(receiver));
        CHECK(task.poll() == Pending);
        task.drop();
        CHECK_MESSAGE(task.kept_wakers() == 0,
                      "the receiver is gone, and the channel keeps its waker. The sender may live for hours.");
        CHECK_MESSAGE(task.wakes() == 0, "the receiver is gone, so destroy its waker and don't wake it");
    }

    TEST_CASE("close at the very moment of sending: the value goes back") {
        auto [sender, receiver] = oneshot::channel<Closing>();
        Closing value(receiver);
        CHECK_FALSE(sender.send(std::move(value)));
        step("it went into the channel and out again");
        CHECK(value.moves == 2);
        CHECK_THROWS_AS(receiver.try_recv(), rt::RecvError);
    }

    TEST_CASE("try_recv does not wait") {
        auto [sender, receiver] = oneshot::channel<int>();
        CHECK(receiver.try_recv() == std::nullopt);
        CHECK(sender.send(3));
        CHECK(receiver.try_recv() == std::optional(3));
    }

    TEST_CASE("a channel of nothing but the news") {
        auto [sender, receiver] = oneshot::channel<>();
        auto task = spawn_mock("the receiver", std::move(receiver));
        CHECK(task.poll() == Pending);
        CHECK(sender.send());
        CHECK(task.poll() == Ready());
    }

    TEST_CASE("values may be move-only and an lvalue is copied") {
        auto [sender, receiver] = oneshot::channel<std::unique_ptr<int>>();
        CHECK(sender.send(std::make_unique<int>(3)));
        CHECK(*rt::block_on(std::move(receiver)) == 3);

        auto [copying, other] = oneshot::channel<std::string>();
        std::string const text = "a text that is long enough to live on the heap";
        CHECK(copying.send(text));
        CHECK(rt::block_on(std::move(other)) == text);
    }

    TEST_CASE("without budget it waits for its next turn and spends one for its value") {
        auto [sender, receiver] = oneshot::channel<int>();
        CHECK(sender.send(1));
        auto task = spawn_mock("the receiver", std::move(receiver));
        rt::budget::refill();
        for (std::uint64_t i = 0; i < rt::budget::per_poll; ++i) {
            rt::budget::spend();
        }
        CHECK(task.poll() == Pending);
        CHECK(task.is_woken());
        rt::budget::refill();
        CHECK(task.poll() == Ready(1));
        rt::budget::lift();
    }

    TEST_CASE("used up is used up") {
        expect_violation(
            "a oneshot sender was used after it had sent",
            [] {
                auto [sender, receiver] = oneshot::channel<int>();
                sender.send(1);
                sender.send(2);
            },
            Noticed::in_every_build);
        expect_violation(
            "a oneshot receiver was used after it gave its value",
            [] {
                auto [sender, receiver] = oneshot::channel<int>();
                sender.send(1);
                rt::block_on(rt::by_ref(receiver));
                receiver.try_recv();
            },
            Noticed::in_every_build);
    }
}
