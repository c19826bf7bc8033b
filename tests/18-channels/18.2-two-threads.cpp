/// \file
/// 18.2: what another thread may do between two lines of a channel. The lock is stepped, so each moment is played.
#include "stepped_mpsc.hpp"

#include <doctest/doctest.h>
#include <rt/future.hpp>
#include <rt/waker.hpp>
#include <support/calling_waker.hpp>
#include <support/drop_counter.hpp>
#include <support/mock_task.hpp>
#include <support/show.hpp>
#include <support/story.hpp>

#include <optional>
#include <tuple>
#include <utility>

using namespace support;
using mpsc::TrySend;
using rt::Pending;
using rt::Ready;

namespace {

using Value = std::optional<int>;
using BothEnds = std::pair<mpsc::Sender<int>, mpsc::Receiver<int>>;

/// Polls `future` once, while another thread does `act` at each of the poll's moments, in a channel of its own each time.
/// `make(ends)` makes the future. Afterwards the future must be Ready, or its task woken.
template <class Make, class Act>
void expect_no_lost_wake(Make make, Act act) {
    bool is_there = true;
    for (int moment = 0; is_there; ++moment) {
        std::optional<BothEnds> ends(mpsc::channel<int>(1));
        auto future = make(*ends);
        CountingWaker task;
        rt::Waker waker = task.waker();
        rt::Context cx(waker);
        bool is_over = false;
        is_there = plays_at(
            moment, [&] { act(*ends); },
            [&] {
                try {
                    is_over = future.poll(cx).is_ready();
                } catch (const rt::SendError&) {
                    is_over = true;
                }
            });
        bool const is_woken = !is_there || is_over || task.wakes() == 1;
        REQUIRE_MESSAGE(
            is_woken,
            "the news came after the poll had looked and before it waited, and is lost. Look and wait under "
            "one hold of the lock.");
    }
}

void drop_the_sender(BothEnds& ends) { auto gone = std::move(ends.first); }

}  // namespace

TEST_SUITE("18.2 mpsc from two threads") {
    TEST_CASE("a value or the end comes at each moment of a recv") {
        auto recv = [](BothEnds& ends) { return ends.second.recv(); };
        step("poll a recv, and another thread sends at each moment");
        expect_no_lost_wake(recv, [](BothEnds& ends) { std::ignore = ends.first.try_send(1); });
        step("poll a recv, and another thread drops the last sender at each moment");
        expect_no_lost_wake(recv, drop_the_sender);
    }

    TEST_CASE("a place or the end comes at each moment of a send") {
        auto send = [](BothEnds& ends) {
            CHECK(ends.first.try_send(0) == TrySend::sent);
            return ends.first.send(1);
        };
        step("poll a send, and another thread receives at each moment");
        expect_no_lost_wake(send, [](BothEnds& ends) { CHECK(ends.second.try_recv() == Value(0)); });
        step("poll a send, and another thread closes the channel at each moment");
        expect_no_lost_wake(send, [](BothEnds& ends) { ends.second.close(); });
    }

    TEST_CASE("a place becomes free at each moment of the end of a send") {
        step("destroy a send that waits, and another thread receives at each moment");
        bool is_there = true;
        for (int moment = 0; is_there; ++moment) {
            auto [sender, receiver] = mpsc::channel<int>(1);
            CHECK(sender.try_send(0) == TrySend::sent);
            std::optional send(sender.send(1));
            rt::Waker const noop = rt::Waker::noop();
            rt::Context cx(noop);
            CHECK(send->poll(cx) == Pending);
            is_there =
                plays_at(moment, [&from = receiver] { CHECK(from.try_recv() == Value(0)); }, [&] { send.reset(); });
            if (is_there) {
                REQUIRE_MESSAGE(
                    sender.try_send(2) == TrySend::sent,
                    "the place was reserved for a send while it was destroyed, and is lost. Take the send out "
                    "of the list and look whether it was woken under one hold of the lock.");
            }
        }
    }

    TEST_CASE("a value comes at each moment of the end of the receiver") {
        step("destroy the receiver, and another thread sends at each moment");
        bool is_there = true;
        for (int moment = 0; is_there; ++moment) {
            DropCounter counter;
            auto [sender, receiver] = mpsc::channel<DropCounter::Token>(1);
            std::optional own(std::move(receiver));
            is_there = plays_at(
                moment, [&counter, &to = sender] { std::ignore = to.try_send(counter.token()); }, [&] { own.reset(); });
            REQUIRE_MESSAGE(
                counter.alive() == 0,
                "a value was sent while the receiver was destroyed, and nobody will ever receive or destroy "
                "it. Refuse new values first, and destroy the old ones then.");
        }
    }

    TEST_CASE("a receiver is polled as soon as it is woken") {
        auto [sender, receiver] = mpsc::channel<int>(1);
        auto recv = receiver.recv();
        rt::Waker const noop = rt::Waker::noop();
        bool is_ready = false;
        CallingWaker task([&] {
            rt::Context again(noop);
            is_ready = recv.poll(again).is_ready();
        });
        rt::Waker const waker = task.waker();
        rt::Context cx(waker);
        CHECK(recv.poll(cx) == Pending);
        step("send, and another thread polls the receiver as soon as it is woken");
        CHECK(sender.try_send(1) == TrySend::sent);
        CHECK_MESSAGE(is_ready,
                      "the receiver was woken, found nothing, and waits again. Put the value in before you wake.");
        auto last = receiver.recv();
        CallingWaker last_task([&] {
            rt::Context again(noop);
            is_ready = last.poll(again).is_ready();
        });
        rt::Waker const last_waker = last_task.waker();
        rt::Context last_cx(last_waker);
        CHECK(last.poll(last_cx) == Pending);
        step("close, and another thread polls the receiver as soon as it is woken");
        is_ready = false;
        receiver.close();
        CHECK_MESSAGE(is_ready, "the receiver was woken, found no end, and waits again. Close first, and wake then.");
    }

    TEST_CASE("a sender is polled as soon as it is woken") {
        auto [sender, receiver] = mpsc::channel<int>(1);
        CHECK(sender.try_send(0) == TrySend::sent);
        auto send = sender.send(1);
        rt::Waker const noop = rt::Waker::noop();
        bool is_ready = false;
        CallingWaker task([&] {
            rt::Context again(noop);
            is_ready = send.poll(again).is_ready();
        });
        rt::Waker const waker = task.waker();
        rt::Context cx(waker);
        CHECK(send.poll(cx) == Pending);
        step("receive, and another thread polls the sender as soon as it is woken");
        CHECK(receiver.try_recv() == Value(0));
        CHECK_MESSAGE(is_ready, "the sender was woken, and found no place");
        CHECK(receiver.try_recv() == Value(1));
    }
}
