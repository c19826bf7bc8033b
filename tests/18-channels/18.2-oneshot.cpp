#include <doctest/doctest.h>
#include <rt/async.hpp>
#include <rt/block_on.hpp>
#include <rt/budget.hpp>
#include <rt/current_thread.hpp>
#include <rt/future.hpp>
#include <rt/multi_thread.hpp>
#include <rt/oneshot.hpp>
#include <rt/select.hpp>
#include <rt/sync.hpp>
#include <support/death.hpp>
#include <support/drop_counter.hpp>
#include <support/mock_task.hpp>
#include <support/random.hpp>
#include <support/show.hpp>
#include <support/story.hpp>
#include <support/test_thread.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>

using namespace support;
using rt::Async;
using rt::Pending;
using rt::Ready;
namespace oneshot = rt::oneshot;

namespace {

/// A server in one task: each request carries the way back for its answer.
class Request {
  public:
    Request(int n, oneshot::Sender<int> r) : number(n), reply(std::move(r)) {}
    int number;
    oneshot::Sender<int> reply;
};

Async<> answer(Request request) {
    request.reply.send(request.number * 2);
    co_return;
}

Async<int> ask(int count) {
    int sum = 0;
    for (int n = 1; n <= count; ++n) {
        auto [sender, receiver] = oneshot::channel<int>();
        rt::spawn(answer(Request(n, std::move(sender))));
        sum += co_await receiver;
    }
    co_return sum;
}

}  // namespace

TEST_SUITE("18.2 oneshot") {
    TEST_CASE("sent first: Ready at the first poll") {
        auto [sender, receiver] = oneshot::channel<int>();
        CHECK(sender.send(3));
        auto task = spawn_mock("the receiver", std::move(receiver));
        CHECK(task.poll() == Ready(3));
        CHECK(task.clones() == 0);
    }

    TEST_CASE("waited for first: woken once") {
        auto [sender, receiver] = oneshot::channel<int>();
        auto task = spawn_mock("the receiver", std::move(receiver));
        CHECK(task.poll() == Pending);
        CHECK(task.kept_wakers() == 1);
        CHECK(sender.send(3));
        CHECK(task.wakes() == 1);
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
        CHECK(second.wakes() == 1);
    }

    TEST_CASE("a sender that goes without sending is an error to the receiver") {
        auto [sender, receiver] = oneshot::channel<int>();
        auto task = spawn_mock("the receiver", std::move(receiver));
        CHECK(task.poll() == Pending);
        step("drop the sender");
        { auto gone = std::move(sender); }
        CHECK(task.wakes() == 1);
        CHECK_THROWS_AS(std::ignore = task.poll(), rt::RecvError);
    }

    TEST_CASE("a sender that had gone before is seen at the first poll") {
        auto [sender, receiver] = oneshot::channel<int>();
        { auto gone = std::move(sender); }
        auto task = spawn_mock("the receiver", std::move(receiver));
        CHECK_THROWS_WITH_AS(std::ignore = task.poll(), "the sender was dropped and had sent nothing", rt::RecvError);
    }

    TEST_CASE("a receiver that has gone leaves the value with the sender") {
        auto [sender, receiver] = oneshot::channel<std::unique_ptr<int>>();
        CHECK_FALSE(sender.is_closed());
        step("drop the receiver");
        { auto gone = std::move(receiver); }
        CHECK(sender.is_closed());
        auto value = std::make_unique<int>(3);
        CHECK_FALSE(sender.send(std::move(value)));
        REQUIRE(value != nullptr);
        CHECK(*value == 3);
    }

    TEST_CASE("a value that is sent and not received is destroyed with the receiver") {
        DropCounter counter;
        auto [sender, receiver] = oneshot::channel<DropCounter::Token>();
        CHECK(sender.send(counter.token()));
        CHECK(counter.drops() == 0);
        step("drop the receiver");
        { auto gone = std::move(receiver); }
        CHECK(counter.drops() == 1);
        CHECK(counter.copies() == 0);
    }

    TEST_CASE("closed wakes a sender that waits for it") {
        auto [sender, receiver] = oneshot::channel<int>();
        auto closed = spawn_mock("closed", sender.closed());
        CHECK(closed.poll() == Pending);
        step("drop the receiver");
        { auto gone = std::move(receiver); }
        CHECK(closed.wakes() == 1);
        CHECK(closed.poll() == Ready());
    }

    TEST_CASE("close refuses later values and keeps the earlier one") {
        auto [late_sender, late_receiver] = oneshot::channel<int>();
        late_receiver.close();
        CHECK_FALSE(late_sender.send(1));
        CHECK_THROWS_AS(late_receiver.try_recv(), rt::RecvError);

        auto [sender, receiver] = oneshot::channel<int>();
        CHECK(sender.send(2));
        receiver.close();
        CHECK(receiver.try_recv() == std::optional(2));
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

    TEST_CASE("values may be move-only, and an lvalue is copied") {
        auto [sender, receiver] = oneshot::channel<std::unique_ptr<int>>();
        CHECK(sender.send(std::make_unique<int>(3)));
        CHECK(*rt::block_on(std::move(receiver)) == 3);

        auto [copying, other] = oneshot::channel<std::string>();
        std::string const text = "a text that is long enough to live on the heap";
        CHECK(copying.send(text));
        CHECK(rt::block_on(std::move(other)) == text);
    }

    TEST_CASE("a receiver that is lent to a select and loses keeps its place") {
        auto [sender, receiver] = oneshot::channel<int>();
        auto race = [](oneshot::Receiver<int> rx, oneshot::Sender<int> tx) -> Async<int> {
            auto first = co_await rt::select(rt::by_ref(rx), rt::ready(1));
            CHECK(first.index() == 1);
            tx.send(7);
            co_return co_await rx;
        };
        CHECK(rt::block_on(race(std::move(receiver), std::move(sender))) == 7);
    }

    TEST_CASE("without budget it waits for its next turn, and spends one for its value") {
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
        expect_violation("a oneshot sender was used after it had sent", [] {
            auto [sender, receiver] = oneshot::channel<int>();
            sender.send(1);
            sender.send(2);
        }, Noticed::in_every_build);
        expect_violation("a oneshot receiver was used after it gave its value", [] {
            auto [sender, receiver] = oneshot::channel<int>();
            sender.send(1);
            rt::block_on(rt::by_ref(receiver));
            receiver.try_recv();
        }, Noticed::in_every_build);
    }

    TEST_CASE("requests and answers on each runtime") {
        rt::CurrentThread here;
        CHECK(here.block_on(ask(100)) == 10'100);
        rt::MultiThread there(2);
        CHECK(there.block_on(ask(1'000)) == 1'001'000);
    }
}

TEST_SUITE("18.2 oneshot from two threads") {
    TEST_CASE("send against recv: the value always arrives") {
        Random random(seed_of_this_run());
        for (int round = 0; round < 2'000; ++round) {
            still_alive();
            auto [tx, rx] = oneshot::channel<std::unique_ptr<int>>();
            TestThread sending([sender = std::move(tx), round, turns = random.below(50)]() mutable {
                dawdle(turns);
                CHECK(sender.send(std::make_unique<int>(round)));
            });
            auto value = rt::block_on(std::move(rx));
            if (*value != round) {
                FAIL("round " << round << " received " << *value);
            }
        }
    }

    TEST_CASE("send against drop: the value is destroyed once, here or there") {
        Random random(seed_of_this_run());
        DropCounter counter;
        int refused = 0;
        constexpr int rounds = 2'000;
        for (int round = 0; round < rounds; ++round) {
            still_alive();
            auto [tx, rx] = oneshot::channel<DropCounter::Token>();
            rt::Atomic<bool> sent{false};
            {
                TestThread sending([sender = std::move(tx), &counter, &sent, turns = random.below(50)]() mutable {
                    dawdle(turns);
                    auto token = counter.token();
                    sent.store(sender.send(std::move(token)), rt::relaxed);
                });
                auto receiver = std::move(rx);
                dawdle(random.below(50));
            }
            refused += sent.load(rt::relaxed) ? 0 : 1;
            CHECK(counter.alive() == 0);
        }
        CHECK(counter.drops() == rounds);
        step("{} of {} were refused", refused, rounds);
    }

    TEST_CASE("drop against recv: the receiver always hears of it") {
        Random random(seed_of_this_run());
        for (int round = 0; round < 2'000; ++round) {
            still_alive();
            auto [tx, rx] = oneshot::channel<int>();
            TestThread dropping([sender = std::move(tx), turns = random.below(50)]() mutable {
                dawdle(turns);
                auto gone = std::move(sender);
            });
            CHECK_THROWS_AS(rt::block_on(std::move(rx)), rt::RecvError);
        }
    }

    TEST_CASE("closed against drop: the sender always hears of it") {
        for (int round = 0; round < 2'000; ++round) {
            still_alive();
            auto [tx, rx] = oneshot::channel<int>();
            TestThread dropping([receiver = std::move(rx)]() mutable { auto gone = std::move(receiver); });
            rt::block_on(tx.closed());
        }
        step("done");
    }
}
