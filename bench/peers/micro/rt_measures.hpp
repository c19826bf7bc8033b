/// \file
/// The measures of ours, as a user writes them. What is counted: see measuring.hpp. A header, because rt.cpp and the test that
/// counts what they do both use it.
#pragma once

#include "measuring.hpp"

#include <rt/async.hpp>
#include <rt/future.hpp>
#include <rt/join_set.hpp>
#include <rt/notify.hpp>
#include <rt/oneshot.hpp>
#include <rt/runtime.hpp>
#include <rt/scheduler.hpp>
#include <rt/sleep.hpp>
#include <rt/spawn_blocking.hpp>
#include <rt/waker.hpp>
#include <rt/yield_now.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace rt_measures {

using measuring::Figures, measuring::Stopwatch, measuring::opaque, measuring::check, measuring::sum_below;
using rt::Async;
using Count = std::uint64_t;

inline Async<Count> number(Count i) { co_return opaque(i); }

inline Async<Figures> spawn_await(Count n) {
    Stopwatch watch;
    for (Count i = 0; i < n; ++i) {
        check(co_await rt::spawn(number(i)) == i, "spawn_await");
    }
    co_return watch.stop();
}

inline Async<Figures> spawn_many(Count n) {
    std::vector<rt::JoinHandle<Count>> handles;
    handles.reserve(n);
    Stopwatch watch;
    for (Count i = 0; i < n; ++i) {
        handles.push_back(rt::spawn(number(i)));
    }
    Count sum = 0;
    for (auto& handle : handles) {
        sum += co_await handle;
    }
    Figures figures = watch.stop();
    check(sum == sum_below(n), "spawn_many");
    co_return figures;
}

inline Async<Figures> join_set_1000(Count n) {
    Stopwatch watch;
    Count sum = 0;
    for (Count begin = 0; begin < n; begin += 1000) {
        rt::JoinSet<Count> set;
        for (Count i = begin; i < std::min(n, begin + 1000); ++i) {
            set.spawn(number(i));
        }
        while (std::optional<Count> i = co_await set.join_next()) {
            sum += *i;
        }
    }
    Figures figures = watch.stop();
    check(sum == sum_below(n), "join_set_1000");
    co_return figures;
}

inline Async<void> yields(Count n) {
    for (Count i = 0; i < n; ++i) {
        co_await rt::yield_now();
    }
}

inline Async<Figures> yield_1(Count n) {
    Stopwatch watch;
    co_await rt::spawn(yields(n));
    co_return watch.stop();
}

inline Async<Figures> yield_1000(Count n) {
    std::vector<rt::JoinHandle<void>> tasks;
    tasks.reserve(1000);
    Stopwatch watch;
    for (Count i = 0; i < 1000; ++i) {
        tasks.push_back(rt::spawn(yields(n / 1000 + (i < n % 1000 ? 1 : 0))));
    }
    for (auto& task : tasks) {
        co_await task;
    }
    co_return watch.stop();
}

struct Table {
    rt::Notify ping;
    rt::Notify pong;
};

inline Async<void> answer(std::shared_ptr<Table> table, Count n) {
    for (Count i = 0; i < n; ++i) {
        co_await table->ping.notified();
        table->pong.notify_one();
    }
}

inline Async<Figures> notify_ping_pong(Count n) {
    auto table = std::make_shared<Table>();
    Stopwatch watch;
    auto other = rt::spawn(answer(table, n));
    for (Count i = 0; i < n; ++i) {
        table->ping.notify_one();
        co_await table->pong.notified();
    }
    co_await other;
    co_return watch.stop();
}

/// What goes to and fro: where to send it next.
struct Ball {
    rt::oneshot::Sender<Ball> next;
    Count hits;
};

/// Awaits the ball, and sends it back with a new channel for the next throw, until it has been hit `n` times.
inline Async<Count> play(rt::oneshot::Receiver<Ball> coming, Count n) {
    for (;;) {
        std::optional<Ball> ball;
        try {
            ball.emplace(co_await coming);
        } catch (const rt::RecvError&) {
            co_return n;
        }
        if (ball->hits == n) {
            co_return ball->hits;
        }
        auto [next, receiver] = rt::oneshot::channel<Ball>();
        ball->next.send(Ball{std::move(next), ball->hits + 1});
        coming = std::move(receiver);
    }
}

inline Async<Figures> oneshot_ping_pong(Count n) {
    Stopwatch watch;
    auto [serve, first] = rt::oneshot::channel<Ball>();
    auto other = rt::spawn(play(std::move(first), 2 * n));
    auto [next, receiver] = rt::oneshot::channel<Ball>();
    serve.send(Ball{std::move(next), 1});
    Count here = co_await play(std::move(receiver), 2 * n);
    Count there = co_await other;
    Figures figures = watch.stop();
    check(std::max(here, there) == 2 * n, "oneshot_ping_pong");
    co_return figures;
}

inline Async<Figures> spawn_blocking(Count n) {
    Stopwatch watch;
    for (Count i = 0; i < n; ++i) {
        check(co_await rt::spawn_blocking(opaque, i) == i, "spawn_blocking");
    }
    co_return watch.stop();
}

/// Sleeps, one behind the other in memory, each polled once.
inline Async<std::vector<rt::Sleep>> make_timers(std::vector<rt::Sleep> room, rt::Instant start, Count n, bool fires) {
    for (Count i = 0; i < n; ++i) {
        room.push_back(rt::sleep_until(start + measuring::timer_delay(i, n, fires)));
    }
    auto register_all = [&room](rt::Context& cx) -> rt::Poll<void> {
        for (rt::Sleep& sleep : room) {
            check(sleep.poll(cx).is_pending(), "a timer");
        }
        return rt::Ready();
    };
    co_await rt::poll_fn(register_all);
    co_return room;  // the vector moves, the sleeps do not
}

inline std::vector<rt::Sleep> room_for(Count n) {
    std::vector<rt::Sleep> timers;
    timers.reserve(n);
    return timers;
}

inline Async<Figures> timers_create(Count n) {
    auto room = room_for(n);
    Stopwatch watch;
    auto timers = co_await make_timers(std::move(room), rt::time::now(), n, false);
    co_return watch.stop();
}

inline Async<Figures> timers_cancel(Count n) {
    auto timers = co_await make_timers(room_for(n), rt::time::now(), n, false);
    Stopwatch watch;
    timers.clear();
    co_return watch.stop();
}

inline Async<Figures> timers_run(Count n) {
    auto room = room_for(n);
    Stopwatch watch;
    auto timers = co_await make_timers(std::move(room), rt::time::now(), n, true);
    for (rt::Sleep& sleep : timers) {
        co_await sleep;
    }
    co_return watch.stop();
}

/// Waits for ever: it keeps its waker, and counts its polls.
class Parked {
  public:
    using Output = void;

    Parked() noexcept = default;

    rt::Poll<void> poll(rt::Context& cx) {
        ++polls_;
        waker_ = cx.waker();
        measuring::parked_polls.fetch_add(1, std::memory_order_relaxed);
        return rt::Pending;
    }

  private:
    rt::Waker waker_;
    Count polls_ = 0;
};

inline Async<void> parked_coroutine() {
    Count count = opaque(1);
    co_await Parked();
    opaque(count);
}

/// Spawns tasks that wait for ever, no more than a few before they are polled: the queue is not what is counted.
template <class F>
Async<Figures> parked(Count n, F wait) {
    Count polled = measuring::parked_polls.load(std::memory_order_relaxed);
    Count before = measuring::heap_in_use();
    for (Count i = 0; i < n; ++i) {
        rt::spawn(wait()).detach();
        while (i + 1 - (measuring::parked_polls.load(std::memory_order_relaxed) - polled) >= 16) {
            co_await rt::yield_now();
        }
    }
    while (measuring::parked_polls.load(std::memory_order_relaxed) - polled < n) {
        co_await rt::yield_now();
    }
    Count bytes = measuring::heap_in_use() - before;
    co_return Figures(bytes, bytes);
}

inline Parked parked_future() { return Parked(); }

inline Async<Figures> parked_bytes_future(Count n) { return parked(n, parked_future); }
inline Async<Figures> parked_bytes_coroutine(Count n) { return parked(n, parked_coroutine); }

struct Measure {
    std::string_view name;
    Async<Figures> (*run)(Count n);  // null: from outside of the runtime
};

inline constexpr Measure measures[] = {
    {"spawn_await", spawn_await},
    {"spawn_many", spawn_many},
    {"join_set_1000", join_set_1000},
    {"yield_1", yield_1},
    {"yield_1000", yield_1000},
    {"block_on_ready", nullptr},
    {"notify_ping_pong", notify_ping_pong},
    {"oneshot_ping_pong", oneshot_ping_pong},
    {"spawn_blocking", spawn_blocking},
    {"timers_create", timers_create},
    {"timers_cancel", timers_cancel},
    {"timers_run", timers_run},
    {"parked_bytes_future", parked_bytes_future},
    {"parked_bytes_coroutine", parked_bytes_coroutine},
};

template <class Runtime>
Figures block_on_ready(Runtime& runtime, Count n) {
    Stopwatch watch;
    for (Count i = 0; i < n; ++i) {
        check(runtime.block_on(number(i)) == i, "block_on_ready");
    }
    return watch.stop();
}

inline Async<Figures> in_a_task(Async<Figures> (*measure)(Count), Count n) { co_return co_await rt::spawn(measure(n)); }

/// Warm-up and measure. Tasks that wait for ever are not seen off.
template <class Runtime>
Figures run_on(Runtime& runtime, const measuring::Order& order) {
    auto measure = std::ranges::find(measures, order.measure, &Measure::name)->run;
    auto once = [&](Count n) {
        return measure == nullptr ? block_on_ready(runtime, n) : runtime.block_on(in_a_task(measure, n));
    };
    once(order.warm_up());
    Figures figures = once(order.n);
    if (order.measure.starts_with("parked_bytes")) {
        measuring::print_and_end(order, figures);
    }
    return figures;
}

inline Figures run(const measuring::Order& order) {
    rt::Flavor flavor = *rt::Flavor::parse(order.runtime);
    if (flavor.kind == rt::Flavor::Kind::multi_thread) {
        rt::MultiThread runtime(flavor.workers);
        return run_on(runtime, order);
    }
    rt::CurrentThread runtime;
    return run_on(runtime, order);
}

/// The whole program.
[[noreturn]] inline void main(int argc, char** argv) {
    measuring::Peer peer{{"current_thread", "multi_thread:2"}, {}, run};
    for (const Measure& measure : measures) {
        peer.measures.push_back(measure.name);
    }
    measuring::main(peer, argc, argv);
}

}  // namespace rt_measures
