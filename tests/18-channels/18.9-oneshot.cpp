#include <doctest/doctest.h>
#include <rt/async.hpp>
#include <rt/block_on.hpp>
#include <rt/current_thread.hpp>
#include <rt/future.hpp>
#include <rt/multi_thread.hpp>
#include <rt/oneshot.hpp>
#include <rt/select.hpp>
#include <rt/spawn.hpp>
#include <rt/sync.hpp>
#include <support/drop_counter.hpp>
#include <support/random.hpp>
#include <support/story.hpp>
#include <support/test_thread.hpp>

#include <memory>
#include <optional>
#include <utility>

using namespace support;
using rt::Async;
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

/// Runs `here` and `there` at about the same moment, on two threads, again and again, each time after `set_up` and before
/// `look`.
template <class SetUp, class Here, class There, class Look>
void race(int rounds, SetUp set_up, Here here, There there, Look look) {
    Random random(seed_of_this_run());
    rt::Atomic<int> begun{0};
    rt::Atomic<int> ended{0};
    TestThread other([&, own = Random(random.next())]() mutable {
        for (int round = 1; round <= rounds; ++round) {
            spin_until([&] { return begun.load(rt::acquire) == round; });
            dawdle(own.below(40));
            there();
            ended.store(round, rt::release);
        }
    });
    for (int round = 1; round <= rounds; ++round) {
        still_alive();
        set_up();
        begun.store(round, rt::release);
        dawdle(random.below(40));
        here();
        spin_until([&] { return ended.load(rt::acquire) == round; });
        look();
    }
}

void look_at_nothing() {}

constexpr int rounds = 10'000;

/// Both ends of a channel, made anew for each round of a race.
template <class T>
class OneshotEnds {
  public:
    OneshotEnds() : OneshotEnds(oneshot::channel<T>()) {}
    explicit OneshotEnds(std::pair<oneshot::Sender<T>, oneshot::Receiver<T>> ends)
        : sender(std::move(ends.first)), receiver(std::move(ends.second)) {}

    oneshot::Sender<T> sender;
    oneshot::Receiver<T> receiver;
};

}  // namespace

TEST_SUITE("18.9 all together: oneshot from two threads") {
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

    TEST_CASE("requests and answers on each runtime") {
        rt::CurrentThread here;
        CHECK(here.block_on(ask(100)) == 10'100);
        rt::MultiThread there(2);
        CHECK(there.block_on(ask(1'000)) == 1'001'000);
    }

    TEST_CASE("send against recv: the value always arrives") {
        std::optional<OneshotEnds<int>> ends;
        int sent = 0;
        int received = 0;
        race(
            rounds, [&] { ends.emplace(); }, [&] { received += rt::block_on(std::move(ends->receiver)); },
            [&] { sent += ends->sender.send(1) ? 1 : 0; }, look_at_nothing);
        CHECK(sent == rounds);
        CHECK(received == rounds);
    }

    TEST_CASE("send against drop: the value is destroyed once here or there") {
        DropCounter counter;
        std::optional<OneshotEnds<DropCounter::Token>> ends;
        int refused = 0;
        race(
            rounds, [&] { ends.emplace(); }, [&] { auto gone = std::move(ends->receiver); },
            [&] {
                auto token = counter.token();
                refused += ends->sender.send(std::move(token)) ? 0 : 1;
            },
            look_at_nothing);
        CHECK(counter.drops() == rounds);
        CHECK(counter.copies() == 0);
        step("{} of {} were refused", refused, rounds);
    }

    TEST_CASE("send against close: either the receiver has the value or the sender") {
        std::optional<OneshotEnds<std::unique_ptr<int>>> ends;
        std::unique_ptr<int> received;
        std::unique_ptr<int> kept;
        bool sent = false;
        int wrong = 0;
        auto set_up = [&] {
            ends.emplace();
            received.reset();
            kept = std::make_unique<int>(1);
        };
        auto close = [&] {
            ends->receiver.close();
            try {
                received = ends->receiver.try_recv().value_or(nullptr);
            } catch (const rt::RecvError&) {}
        };
        auto send = [&] { sent = ends->sender.send(std::move(kept)); };
        auto look = [&] { wrong += (received != nullptr) == sent && (kept == nullptr) == sent ? 0 : 1; };
        race(rounds, set_up, close, send, look);
        CHECK(wrong == 0);
    }

    TEST_CASE("drop against recv: the receiver always hears of it") {
        std::optional<OneshotEnds<int>> ends;
        int heard = 0;
        auto receive = [&] {
            try {
                rt::block_on(std::move(ends->receiver));
            } catch (const rt::RecvError&) {
                ++heard;
            }
        };
        race(rounds, [&] { ends.emplace(); }, receive, [&] { auto gone = std::move(ends->sender); }, look_at_nothing);
        CHECK(heard == rounds);
    }
}
