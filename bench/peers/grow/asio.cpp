// needs: asio
/// \file
/// Standalone Asio's coroutines. What is counted: see growing.hpp; what its counterparts are: ../micro/asio.cpp.
#include "growing.hpp"

// Asio 1.22 looks for a macro that clang no longer sets.
#define ASIO_HAS_CO_AWAIT 1
#define ASIO_HAS_STD_COROUTINE 1

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/experimental/channel.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>

#include <algorithm>
#include <cstdint>
#include <exception>
#include <optional>
#include <string_view>
#include <vector>

using asio::awaitable, asio::use_awaitable, asio::co_spawn;
using measuring::Figures, measuring::Stopwatch, measuring::opaque, measuring::check, measuring::sum_below;
using Count = std::uint64_t;
using Clock = asio::steady_timer::clock_type;

namespace {

/// Counts operations down, and tells when the last is over.
class Countdown {
  public:
    explicit Countdown(asio::any_io_executor executor) : done_(executor, 1) {}

    void begin(Count n) { left_ = n; }
    void one_less() {
        if (--left_ == 0) {
            done_.try_send(asio::error_code(), true);
        }
    }
    awaitable<bool> wait() { return done_.async_receive(use_awaitable); }

  private:
    asio::experimental::channel<void(asio::error_code, bool)> done_;
    Count left_ = 0;
};

awaitable<Count> number(Count i) { co_return opaque(i); }

awaitable<Figures> tasks(Count n) {
    auto executor = co_await asio::this_coro::executor;
    Countdown countdown(executor);
    Count times = growing::repetitions(n);
    Stopwatch watch;
    for (Count time = 0; time < times; ++time) {
        Count sum = 0;
        countdown.begin(n);
        for (Count i = 0; i < n; ++i) {
            co_spawn(executor, number(i), [&sum, &countdown](std::exception_ptr, Count result) {
                sum += result;
                countdown.one_less();
            });
        }
        co_await countdown.wait();
        check(sum == sum_below(n), "tasks");
    }
    co_return growing::share(watch.stop(), times);
}

/// A cancelled wait calls its handler: that belongs to it.
awaitable<Figures> timers(Count n) {
    auto executor = co_await asio::this_coro::executor;
    asio::steady_timer earlier(executor, std::chrono::minutes(30));
    earlier.async_wait([](asio::error_code) {});
    Countdown countdown(executor);
    std::vector<asio::steady_timer> sleeps;
    sleeps.reserve(n);
    Count times = growing::repetitions(n);
    Stopwatch watch;
    for (Count time = 0; time < times; ++time) {
        countdown.begin(n);
        Clock::time_point start = Clock::now();
        for (Count i = 0; i < n; ++i) {
            sleeps.emplace_back(executor, start + measuring::timer_delay(i, n, false));
            sleeps.back().async_wait([&countdown](asio::error_code) { countdown.one_less(); });
        }
        sleeps.clear();
        co_await countdown.wait();
    }
    co_return growing::share(watch.stop(), times);
}

awaitable<Figures> deep_wake(Count depth) {
    if (depth > 1) {
        co_return co_await deep_wake(depth - 1);
    }
    auto executor = co_await asio::this_coro::executor;
    co_await asio::post(executor, use_awaitable);
    Stopwatch watch;
    for (Count i = 0; i < growing::wakes; ++i) {
        co_await asio::post(executor, use_awaitable);
    }
    co_return growing::share(watch.stop(), growing::wakes / growing::wakes_told);
}

struct Measure {
    std::string_view name;
    awaitable<Figures> (*run)(Count n);
};

constexpr Measure measures[] = {{"tasks", tasks}, {"timers", timers}, {"deep_wake", deep_wake}};

Figures run(const measuring::Order& order) {
    asio::io_context io(1);
    auto measure = std::ranges::find(measures, order.measure, &Measure::name)->run;
    auto once = [&](Count n) {
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
    return once(order.n);
}

}  // namespace

int main(int argc, char** argv) {
    measuring::Peer peer{{"current_thread"}, {}, run};
    for (const Measure& measure : measures) {
        peer.measures.push_back(measure.name);
    }
    measuring::main(peer, argc, argv);
}
