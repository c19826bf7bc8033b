#include <doctest/doctest.h>
#include <rt/async.hpp>
#include <rt/multi_thread.hpp>
#include <rt/signal.hpp>
#include <rt/spawn.hpp>
#include <support/story.hpp>

#include <csignal>
#include <utility>

using namespace support;

namespace {

rt::Async<int> raise_then_wait(rt::Signal signal, int number) {
    std::raise(number);
    co_return co_await signal;
}

}  // namespace

TEST_SUITE("20.9 all together: signals") {
    TEST_CASE("raised while signals come and go on other threads") {
        rt::MultiThread runtime(2);
        auto come_and_go = []() -> rt::Async<> {
            for (int i = 0; i < 200; ++i) {
                int number = co_await raise_then_wait(rt::signal(SIGUSR1), SIGUSR1);
                CHECK(number == SIGUSR1);
                still_alive();
            }
        };
        auto both = [come_and_go]() -> rt::Async<> {  // house-rule: allow the lambda outlives the block_on below
            auto first = rt::spawn(come_and_go);
            auto second = rt::spawn(come_and_go);
            co_await first;
            co_await second;
        };
        step("two tasks raise, wait, and drop");
        runtime.block_on(both());
    }
}
