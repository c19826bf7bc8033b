#include <doctest/doctest.h>
#include <rt/async.hpp>
#include <rt/broadcast.hpp>
#include <rt/current_thread.hpp>
#include <rt/mpsc.hpp>
#include <rt/notify.hpp>
#include <rt/oneshot.hpp>
#include <support/always_ready.hpp>
#include <support/fairness.hpp>

#include <vector>

using namespace support;

namespace {

rt::Async<> send_one() {
    auto [sender, receiver] = rt::mpsc::channel<int>(1);
    co_await sender.send(1);
}

rt::Async<> receive_one() {
    auto [sender, receiver] = rt::mpsc::channel<int>(1);
    sender.try_send(1);
    co_await receiver.recv();
}

rt::Async<> hear_one() {
    auto [sender, receiver] = rt::broadcast::channel<int>(1);
    sender.send(1);
    co_await receiver.recv();
}

rt::Async<> receive_its_only() {
    auto [sender, receiver] = rt::oneshot::channel<int>();
    sender.send(1);
    co_await receiver;
}

rt::Async<> notice() {
    rt::Notify notify;
    notify.notify_one();
    co_await notify.notified();
}

std::vector<AlwaysReady> channels() {
    return {{"room in an mpsc channel", send_one},
            {"a value of an mpsc channel", receive_one},
            {"a value of a broadcast channel", hear_one},
            {"a oneshot that was sent", receive_its_only},
            {"a permit of a Notify", notice}};
}

std::vector<AlwaysReady> all_sources() {
    std::vector<AlwaysReady> all = channels();
    for (AlwaysReady source : {finished_tasks(), socket_reads(), sleeps()}) {
        all.push_back(source);
    }
    return all;
}

}  // namespace

TEST_SUITE("18.9 all together: no future starves") {
    TEST_CASE("beside one that always has a result") {
        rt::CurrentThread runtime;
        std::vector<Combinator> const all{in_join(),   in_join_all(),      by_hand(),
                                          in_select(), in_biased_select(), in_timeout()};
        runtime.block_on(expect_fair(all, all_sources(), channels()));
        runtime.block_on(expect_fair({by_hand(), in_biased_select()}, channels(), all_sources()));
    }
}
