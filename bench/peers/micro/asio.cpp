// needs: asio
/// \file
/// Standalone Asio's coroutines, as its users write them. What is counted: see measuring.hpp.
///
/// Asio has no handle to join, no JoinSet and no Notify: its counterparts are the completion handler that co_spawn takes, and
/// channels. A "future by hand" would be an operation of one's own with a stored handler; there is no row for it.
#include "measuring.hpp"

// Asio 1.22 looks for a macro that clang no longer sets.
#define ASIO_HAS_CO_AWAIT 1
#define ASIO_HAS_STD_COROUTINE 1

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/experimental/channel.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/thread_pool.hpp>
#include <asio/use_awaitable.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

using asio::awaitable, asio::use_awaitable, asio::co_spawn;
using measuring::Figures, measuring::Stopwatch, measuring::opaque, measuring::check, measuring::sum_below;
using Count = std::uint64_t;
using Clock = asio::steady_timer::clock_type;

namespace {

/// A permit that is kept, as Notify has it: a channel with room for one. (Asio 1.22 has none for no value at all.)
using Signal = asio::experimental::channel<void(asio::error_code, bool)>;

void notify(Signal& signal) { signal.try_send(asio::error_code(), true); }

awaitable<Count> number(Count i) { co_return opaque(i); }

awaitable<Figures> spawn_await(Count n) {
    auto executor = co_await asio::this_coro::executor;
    Stopwatch watch;
    for (Count i = 0; i < n; ++i) {
        check(co_await co_spawn(executor, number(i), use_awaitable) == i, "spawn_await");
    }
    co_return watch.stop();
}

/// Counts tasks down, and tells when the last is over.
class Countdown {
  public:
    Countdown(asio::any_io_executor executor, Count n) : done_(executor, 1), left_(n) {}

    void one_less() {
        if (--left_ == 0) {
            notify(done_);
        }
    }
    awaitable<bool> wait() { return done_.async_receive(use_awaitable); }

  private:
    Signal done_;
    Count left_;
};

awaitable<Figures> spawn_many(Count n) {
    auto executor = co_await asio::this_coro::executor;
    Stopwatch watch;
    Count sum = 0;
    Countdown countdown(executor, n);
    for (Count i = 0; i < n; ++i) {
        co_spawn(executor, number(i), [&sum, &countdown](std::exception_ptr, Count result) {
            sum += result;
            countdown.one_less();
        });
    }
    co_await countdown.wait();
    Figures figures = watch.stop();
    check(sum == sum_below(n), "spawn_many");
    co_return figures;
}

awaitable<Figures> join_set_1000(Count n) {
    auto executor = co_await asio::this_coro::executor;
    Stopwatch watch;
    Count sum = 0;
    for (Count begin = 0; begin < n; begin += 1000) {
        Count end = std::min(n, begin + 1000);
        asio::experimental::channel<void(asio::error_code, Count)> finished(executor, 1000);
        for (Count i = begin; i < end; ++i) {
            co_spawn(executor, number(i),
                     [&finished](std::exception_ptr, Count result) { finished.try_send(asio::error_code(), result); });
        }
        for (Count i = begin; i < end; ++i) {
            sum += co_await finished.async_receive(use_awaitable);
        }
    }
    Figures figures = watch.stop();
    check(sum == sum_below(n), "join_set_1000");
    co_return figures;
}

awaitable<void> yields(Count n) {
    auto executor = co_await asio::this_coro::executor;
    for (Count i = 0; i < n; ++i) {
        co_await asio::post(executor, use_awaitable);
    }
}

awaitable<Figures> yield_1(Count n) {
    auto executor = co_await asio::this_coro::executor;
    Stopwatch watch;
    co_await co_spawn(executor, yields(n), use_awaitable);
    co_return watch.stop();
}

awaitable<Figures> yield_1000(Count n) {
    auto executor = co_await asio::this_coro::executor;
    Stopwatch watch;
    Countdown countdown(executor, 1000);
    for (Count i = 0; i < 1000; ++i) {
        co_spawn(executor, yields(n / 1000 + (i < n % 1000 ? 1 : 0)),
                 [&countdown](std::exception_ptr) { countdown.one_less(); });
    }
    co_await countdown.wait();
    co_return watch.stop();
}

struct Table {
    explicit Table(asio::any_io_executor executor) : ping(executor, 1), pong(executor, 1) {}

    Signal ping;
    Signal pong;
};

awaitable<void> answer(std::shared_ptr<Table> table, Count n) {
    for (Count i = 0; i < n; ++i) {
        co_await table->ping.async_receive(use_awaitable);
        notify(table->pong);
    }
}

awaitable<Figures> notify_ping_pong(Count n) {
    auto executor = co_await asio::this_coro::executor;
    auto table = std::make_shared<Table>(executor);
    Stopwatch watch;
    co_spawn(executor, answer(table, n), asio::detached);
    for (Count i = 0; i < n; ++i) {
        notify(table->ping);
        co_await table->pong.async_receive(use_awaitable);
    }
    co_return watch.stop();
}

/// What goes to and fro: where to send it next.
struct Throw;
struct Ball {
    std::shared_ptr<Throw> next;
    Count hits = 0;
};
struct Throw {
    explicit Throw(asio::any_io_executor executor) : channel(executor, 1) {}

    asio::experimental::channel<void(asio::error_code, Ball)> channel;
};

/// Awaits the ball, and sends it back with a new channel for the next throw, until it has been hit `n` times.
awaitable<Count> play(std::shared_ptr<Throw> coming, Count n, bool last) {
    auto executor = co_await asio::this_coro::executor;
    for (;;) {
        Ball ball = co_await coming->channel.async_receive(use_awaitable);
        if (ball.hits == n) {
            co_return ball.hits;
        }
        auto receiver = std::make_shared<Throw>(executor);
        ball.next->channel.try_send(asio::error_code(), Ball{receiver, ball.hits + 1});
        if (!last && ball.hits + 1 == n) {
            co_return n;  // it will not come back
        }
        coming = std::move(receiver);
    }
}

awaitable<Figures> oneshot_ping_pong(Count n) {
    auto executor = co_await asio::this_coro::executor;
    Stopwatch watch;
    auto first = std::make_shared<Throw>(executor);
    Countdown countdown(executor, 1);
    co_spawn(executor, play(first, 2 * n, false), [&countdown](std::exception_ptr, Count) { countdown.one_less(); });
    auto receiver = std::make_shared<Throw>(executor);
    first->channel.try_send(asio::error_code(), Ball{receiver, 1});
    Count hits = co_await play(std::move(receiver), 2 * n, true);
    co_await countdown.wait();
    Figures figures = watch.stop();
    check(hits == 2 * n, "oneshot_ping_pong");
    co_return figures;
}

awaitable<Figures> spawn_blocking(Count n) {
    asio::thread_pool pool;
    check(co_await co_spawn(pool, number(1), use_awaitable) == 1, "spawn_blocking");
    Stopwatch watch;
    for (Count i = 0; i < n; ++i) {
        check(co_await co_spawn(pool, number(i), use_awaitable) == i, "spawn_blocking");
    }
    co_return watch.stop();
}

/// Timers, one behind the other in memory, each waited for.
using Timers = std::vector<asio::steady_timer>;

void make_timers(asio::any_io_executor executor, Timers& timers, Count n, bool fires, Countdown& countdown) {
    Clock::time_point start = Clock::now();
    for (Count i = 0; i < n; ++i) {
        timers.emplace_back(executor, start + measuring::timer_delay(i, n, fires));
        timers.back().async_wait([&countdown](asio::error_code) { countdown.one_less(); });
    }
}

awaitable<Figures> timers_create(Count n) {
    auto executor = co_await asio::this_coro::executor;
    Countdown countdown(executor, n);
    Timers timers;
    timers.reserve(n);
    Stopwatch watch;
    make_timers(executor, timers, n, false, countdown);
    Figures figures = watch.stop();
    timers.clear();
    co_await countdown.wait();
    co_return figures;
}

/// Each cancelled wait calls its handler: that belongs to it.
awaitable<Figures> timers_cancel(Count n) {
    auto executor = co_await asio::this_coro::executor;
    Countdown countdown(executor, n);
    Timers timers;
    timers.reserve(n);
    make_timers(executor, timers, n, false, countdown);
    Stopwatch watch;
    timers.clear();
    co_await countdown.wait();
    co_return watch.stop();
}

awaitable<Figures> timers_run(Count n) {
    auto executor = co_await asio::this_coro::executor;
    Countdown countdown(executor, n);
    Timers timers;
    timers.reserve(n);
    Stopwatch watch;
    make_timers(executor, timers, n, true, countdown);
    co_await countdown.wait();
    co_return watch.stop();
}

/// What a coroutine awaits that waits for ever: a timer that never fires.
awaitable<void> parked_coroutine() {
    Count count = opaque(1);
    asio::steady_timer never(co_await asio::this_coro::executor, Clock::time_point::max());
    measuring::parked_polls.fetch_add(1, std::memory_order_relaxed);
    co_await never.async_wait(use_awaitable);
    opaque(count);
}

awaitable<Figures> parked_bytes_coroutine(Count n) {
    auto executor = co_await asio::this_coro::executor;
    Count before = measuring::heap_in_use();
    Count parked = measuring::parked_polls.load(std::memory_order_relaxed);
    for (Count i = 0; i < n; ++i) {
        co_spawn(executor, parked_coroutine(), asio::detached);
        while (i + 1 - (measuring::parked_polls.load(std::memory_order_relaxed) - parked) >= 16) {
            co_await asio::post(executor, use_awaitable);
        }
    }
    while (measuring::parked_polls.load(std::memory_order_relaxed) - parked < n) {
        co_await asio::post(executor, use_awaitable);
    }
    Count bytes = measuring::heap_in_use() - before;
    co_return Figures(bytes, bytes);
}

Figures block_on_ready(asio::io_context& io, Count n) {
    Stopwatch watch;
    Count sum = 0;
    for (Count i = 0; i < n; ++i) {
        co_spawn(io, number(i), [&sum](std::exception_ptr, Count result) { sum += result; });
        io.restart();
        io.run();
    }
    Figures figures = watch.stop();
    check(sum == sum_below(n), "block_on_ready");
    return figures;
}

struct Measure {
    std::string_view name;
    awaitable<Figures> (*run)(Count n);  // null: from outside of the runtime
};

constexpr Measure measures[] = {
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
    {"parked_bytes_coroutine", parked_bytes_coroutine},
};

Figures run(const measuring::Order& order) {
    asio::io_context io(1);
    auto measure = std::ranges::find(measures, order.measure, &Measure::name)->run;
    auto once = [&](Count n) {
        if (measure == nullptr) {
            return block_on_ready(io, n);
        }
        std::optional<Figures> figures;
        co_spawn(io, measure(n), [&](std::exception_ptr error, Figures result) {
            if (error) {
                std::rethrow_exception(error);
            }
            figures = result;
        });
        io.restart();
        while (!figures) {
            io.run_one();
        }
        return *figures;
    };
    once(order.warm_up());
    Figures figures = once(order.n);
    if (order.measure.starts_with("parked_bytes")) {
        measuring::print_and_end(order,
                                 figures);  // now: those that wait for ever would be told that they were cancelled
    }
    return figures;
}

}  // namespace

int main(int argc, char** argv) {
    measuring::Peer peer{{"current_thread"}, {}, run};
    for (const Measure& measure : measures) {
        peer.measures.push_back(measure.name);
    }
    measuring::main(peer, argc, argv);
}
