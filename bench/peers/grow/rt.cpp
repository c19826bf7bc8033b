// needs: rt
/// \file
/// What the programs measure that show how cost grows; ../rust/tokio/src/bin/tokio_grow.rs does the same. The command line is
/// that of the micro programs, `PROGRAM MEASURE N`, and so is the answer. The stopwatch runs over as many repetitions as make a
/// run long enough, and the figures are divided by their number, so N may be 1.
///
///     tasks       the whole life of N tasks that are alive at once: spawned, run, joined
///     timers      N timers at once: made, registered and dropped; an earlier one waits meanwhile, as in a program at work
///     deep_wake   a thousand wakes, one after the other, of a leaf below N coroutines that await each other
#include "../micro/measuring.hpp"

#include <rt/async.hpp>
#include <rt/future.hpp>
#include <rt/runtime.hpp>
#include <rt/sleep.hpp>
#include <rt/waker.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string_view>
#include <vector>

using measuring::Figures, measuring::Stopwatch, measuring::opaque, measuring::check, measuring::sum_below;
using rt::Async;
using Count = std::uint64_t;

namespace {

/// Wakes of deep_wake, and of how many of them the figures are.
constexpr Count wakes = 20'000;
constexpr Count wakes_told = 1'000;

/// How often a measure of `n` operations is repeated.
Count repetitions(Count n) noexcept { return std::max<Count>(1, 200'000 / n); }

/// The figures of one repetition.
Figures share(Figures all, Count times) noexcept { return Figures(all.first / times, all.second / times); }

Async<Count> number(Count i) { co_return opaque(i); }

Async<Figures> tasks(Count n) {
    std::vector<rt::JoinHandle<Count>> handles;
    handles.reserve(n);
    Count times = repetitions(n);
    Stopwatch watch;
    for (Count time = 0; time < times; ++time) {
        for (Count i = 0; i < n; ++i) {
            handles.push_back(rt::spawn(number(i)));
        }
        Count sum = 0;
        for (auto& handle : handles) {
            sum += co_await handle;
        }
        check(sum == sum_below(n), "tasks");
        handles.clear();
    }
    co_return share(watch.stop(), times);
}

Async<Figures> timers(Count n) {
    rt::spawn(rt::sleep(std::chrono::minutes(30))).detach();
    co_await rt::sleep(std::chrono::milliseconds(5));
    std::vector<rt::Sleep> sleeps;
    sleeps.reserve(n);
    auto register_all = [&sleeps](rt::Context& cx) -> rt::Poll<void> {
        for (rt::Sleep& sleep : sleeps) {
            check(sleep.poll(cx).is_pending(), "a timer");
        }
        return rt::Ready();
    };
    Count times = repetitions(n);
    Stopwatch watch;
    for (Count time = 0; time < times; ++time) {
        rt::Instant start = rt::time::now();
        for (Count i = 0; i < n; ++i) {
            sleeps.push_back(rt::sleep_until(start + measuring::timer_delay(i, n, false)));
        }
        co_await rt::poll_fn(register_all);
        sleeps.clear();
    }
    co_return share(watch.stop(), times);
}

/// Pending once, and woken at once.
class SelfWake {
  public:
    using Output = void;

    SelfWake() noexcept = default;

    rt::Poll<void> poll(rt::Context& cx) {
        if (polled_) {
            return rt::Ready();
        }
        polled_ = true;
        cx.waker().wake_by_ref();
        return rt::Pending;
    }

  private:
    bool polled_ = false;
};

Async<Figures> leaf() {
    co_await SelfWake();
    Stopwatch watch;
    for (Count i = 0; i < wakes; ++i) {
        co_await SelfWake();
    }
    co_return share(watch.stop(), wakes / wakes_told);
}

/// So many coroutines, one awaiting the next.
Async<Figures> deep_wake(Count depth) {
    if (depth <= 1) {
        return leaf();
    }
    auto level = [](Count below) -> Async<Figures> { co_return co_await deep_wake(below); };
    return level(depth - 1);
}

struct Measure {
    std::string_view name;
    Async<Figures> (*run)(Count n);
};

constexpr Measure measures[] = {{"tasks", tasks}, {"timers", timers}, {"deep_wake", deep_wake}};

Async<Figures> in_a_task(Async<Figures> (*measure)(Count), Count n) { co_return co_await rt::spawn(measure(n)); }

template <class Runtime>
Figures run_on(Runtime&& runtime, const measuring::Order& order) {
    auto measure = std::ranges::find(measures, order.measure, &Measure::name)->run;
    runtime.block_on(in_a_task(measure, order.warm_up()));
    return runtime.block_on(in_a_task(measure, order.n));
}

Figures run(const measuring::Order& order) {
    rt::Flavor flavor = *rt::Flavor::parse(order.runtime);
    if (flavor.kind == rt::Flavor::Kind::multi_thread) {
        return run_on(rt::MultiThread(flavor.workers), order);
    }
    return run_on(rt::CurrentThread(), order);
}

}  // namespace

int main(int argc, char** argv) {
    measuring::Peer peer{{"current_thread", "multi_thread:2"}, {}, run};
    for (const Measure& measure : measures) {
        peer.measures.push_back(measure.name);
    }
    measuring::main(peer, argc, argv);
}
