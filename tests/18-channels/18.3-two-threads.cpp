/// \file
/// 18.3: what the other thread may do between two lines of a oneshot channel. The state is stepped, so each moment is played.
#include "stepped_oneshot.hpp"

#include <doctest/doctest.h>
#include <rt/future.hpp>
#include <rt/waker.hpp>
#include <support/calling_waker.hpp>
#include <support/counting_waker.hpp>
#include <support/drop_counter.hpp>
#include <support/show.hpp>
#include <support/stepped_atomic.hpp>
#include <support/story.hpp>

#include <memory>
#include <optional>
#include <tuple>
#include <utility>

using namespace support;

namespace {

/// Calls `call`. The other thread does `act` after so many accesses of `call` to the state. Returns whether it did.
template <class Act, class Call>
bool plays_after(int accesses, Act act, Call call) {
    bool has_acted = false;
    auto other_thread = [&](int access, auto&) {
        if (access == accesses) {
            has_acted = true;
            act();
        }
    };
    Steps::between(other_thread, call);
    return has_acted;
}

}  // namespace

TEST_SUITE("18.3 oneshot from two threads") {
    TEST_CASE("the value or the end comes at each moment of a poll") {
        for (bool sends : {true, false}) {
            step("poll the receiver, and another thread {} after each access", sends ? "sends" : "drops the sender");
            bool is_there = true;
            for (int accesses = 0; is_there; ++accesses) {
                auto [sender, receiver] = oneshot::channel<int>();
                std::optional own(std::move(sender));
                CountingWaker task;
                rt::Waker waker = task.waker();
                rt::Context cx(waker);
                bool is_over = false;
                auto act = [&] {
                    if (sends) {
                        CHECK(own->send(3));
                    }
                    own.reset();
                };
                auto poll = [&is_over, &cx, &from = receiver] {
                    try {
                        is_over = from.poll(cx).is_ready();
                    } catch (const rt::RecvError&) {
                        is_over = true;
                    }
                };
                is_there = plays_after(accesses, act, poll);
                bool const is_woken = !is_there || is_over || task.wakes() == 1;
                REQUIRE_MESSAGE(is_woken,
                                "the news came before the poll had left its waker, and is lost. Leave the waker, and "
                                "then look again.");
            }
        }
    }

    TEST_CASE("the receiver looks at each moment of a send") {
        step("send, and another thread calls try_recv after each access");
        bool is_there = true;
        for (int accesses = 0; is_there; ++accesses) {
            auto [sender, receiver] = oneshot::channel<std::unique_ptr<int>>();
            bool is_right = true;
            auto act = [&is_right, &from = receiver] {
                std::optional<std::unique_ptr<int>> received = from.try_recv();
                is_right = !received || *received != nullptr;
            };
            is_there = plays_after(accesses, act, [&to = sender] { CHECK(to.send(std::make_unique<int>(3))); });
            REQUIRE_MESSAGE(is_right,
                            "the receiver saw that a value was sent, and the value was not there yet. The state "
                            "changes when the value is in the channel.");
        }
    }

    TEST_CASE("the receiver goes at each moment of a send") {
        for (bool closes : {false, true}) {
            step("send, and another thread drops the receiver after each access{}",
                 closes ? ". It was closed before" : "");
            bool is_there = true;
            for (int accesses = 0; is_there; ++accesses) {
                auto [sender, receiver] = oneshot::channel<std::unique_ptr<int>>();
                if (closes) {
                    receiver.close();
                }
                std::optional own(std::move(receiver));
                auto value = std::make_unique<int>(3);
                bool is_sent = false;
                is_there = plays_after(
                    accesses, [&own] { own.reset(); },
                    [&is_sent, &value, &to = sender] { is_sent = to.send(std::move(value)); });
                REQUIRE_MESSAGE(
                    is_sent == (value == nullptr),
                    "the receiver went during the send. Either the value is sent, or the sender still has it.");
            }
        }
    }

    TEST_CASE("a value comes at each moment of the end of the receiver") {
        step("destroy the receiver, and another thread sends after each access");
        bool is_there = true;
        for (int accesses = 0; is_there; ++accesses) {
            DropCounter counter;
            {
                auto [sender, receiver] = oneshot::channel<DropCounter::Token>();
                std::optional own(std::move(receiver));
                auto act = [&counter, &to = sender] {
                    auto token = counter.token();
                    std::ignore = to.send(std::move(token));
                };
                is_there = plays_after(accesses, act, [&own] { own.reset(); });
            }
            REQUIRE_MESSAGE(counter.alive() == 0,
                            "a value was sent while the receiver was destroyed, and lives forever");
        }
    }

    TEST_CASE("a receiver is polled as soon as it is woken") {
        for (bool sends : {true, false}) {
            step("{}, and another thread polls the receiver as soon as it is woken",
                 sends ? "send" : "drop the sender");
            auto [sender, receiver] = oneshot::channel<int>();
            std::optional own(std::move(sender));
            rt::Waker const noop = rt::Waker::noop();
            bool is_over = false;
            CallingWaker task([&is_over, &noop, &from = receiver] {
                rt::Context again(noop);
                try {
                    is_over = from.poll(again).is_ready();
                } catch (const rt::RecvError&) {
                    is_over = true;
                }
            });
            rt::Waker const waker = task.waker();
            rt::Context cx(waker);
            CHECK(receiver.poll(cx) == rt::Pending);
            if (sends) {
                CHECK(own->send(3));
            }
            own.reset();
            CHECK_MESSAGE(
                is_over,
                "the receiver was woken, found nothing, and waits again. Change the state first, and wake then.");
        }
    }

    TEST_CASE("the receiver goes at each moment of the end of the sender") {
        step("destroy the sender, and another thread destroys the receiver after each access");
        bool is_there = true;
        for (int accesses = 0; is_there; ++accesses) {
            auto [sender, receiver] = oneshot::channel<int>();
            std::optional own(std::move(sender));
            std::optional other(std::move(receiver));
            CountingWaker task;
            rt::Waker waker = task.waker();
            rt::Context cx(waker);
            CHECK(other->poll(cx) == rt::Pending);
            is_there = plays_after(accesses, [&other] { other.reset(); }, [&own] { own.reset(); });
            other.reset();
            CHECK_MESSAGE(task.alive() == 1, "both ends are gone, and a waker of the receiver is left");
        }
    }
}
