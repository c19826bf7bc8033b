/// \file
/// 19.2: what a wake of another thread does to the flag, access by access.
#include "scripted_host.hpp"
#include "waiting.hpp"

#include <doctest/doctest.h>
#include <rt/async.hpp>
#include <rt/current_thread.hpp>
#include <rt/future.hpp>
#include <rt/oneshot.hpp>
#include <rt/park.hpp>
#include <rt/reactor.hpp>
#include <rt/spawn.hpp>
#include <rt/sync.hpp>
#include <rt/task.hpp>
#include <rt/timers.hpp>
#include <support/stepped_atomic.hpp>
#include <support/story.hpp>

#include <algorithm>
#include <utility>
#include <vector>

template <>
inline constexpr bool support::is_stepped<bool> = true;

#define Atomic SteppedAtomic
#define Hosted SteppedHosted
#include <rt/hosted.hpp>
#undef Atomic
#undef Hosted

using namespace support;

namespace {

std::vector<Access> seen;

/// The accesses to `posted_` while `call` runs.
template <class Call>
std::vector<Access> accesses_of(Call call) {
    seen.clear();
    Steps::stores = 0;
    Steps::on_access = [](const Access& access) { seen.push_back(access); };
    call();
    Steps::on_access = nullptr;
    return std::exchange(seen, {});
}

bool writes_and_releases(const Access& access) { return access.writes && releases(access.order); }

rt::Async<int> sum(rt::oneshot::Receiver<int> first, rt::oneshot::Receiver<int> second) {
    rt::JoinHandle<int> one = rt::spawn(take(std::move(first)));
    rt::JoinHandle<int> other = rt::spawn(take(std::move(second)));
    int const value = co_await one;
    co_return value + co_await other;
}

}  // namespace

TEST_SUITE("19.2 turns") {
    TEST_CASE("a wake and a turn see what the other one has done") {
        rt::SteppedHosted<ScriptedHost> runtime;
        auto [sender, receiver] = rt::oneshot::channel<int>();
        auto [second_sender, second_receiver] = rt::oneshot::channel<int>();
        runtime.host().acts.push_back([&] {
            step("the host sleeps, and code outside of the runtime wakes a task");
            std::vector<Access> const first = accesses_of([&sender] { std::move(sender).send(5); });
            CHECK_MESSAGE(std::ranges::any_of(first, writes_and_releases),
                          "a wake posted a turn, and the turn may not see what was made ready before. Set `posted_` by "
                          "an exchange that releases.");
            step("it wakes a second task, while the turn is posted");
            std::vector<Access> const second = accesses_of([&second_sender] { std::move(second_sender).send(6); });
            CHECK_MESSAGE(std::ranges::any_of(second, writes_and_releases),
                          "a turn was posted already, and a wake only looked at `posted_`. What it saw may be old, so "
                          "its task could wait forever. Write `posted_` in any case, by an exchange that releases.");
            step("the host calls the turn");
            std::vector<Access> const turn = accesses_of([&runtime] { runtime.host().run_once(); });
            REQUIRE_MESSAGE(!turn.empty(), "the turn did not clear `posted_`, so no other turn can be posted.");
            CHECK_MESSAGE(
                (turn.front().writes && acquires(turn.front().order) && Steps::stores == 0),
                "a turn cleared `posted_`, and may not see what a wake has made ready that found the flag set. "
                "Clear it by an exchange that acquires.");
        });
        step("wait for two values");
        CHECK(runtime.block_on(sum(std::move(receiver), std::move(second_receiver))) == 11);
    }
}
