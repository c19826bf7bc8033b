// needs: rt
/// \file
/// What the measures of peers/micro/rt_measures.hpp really do: runs one on current_thread, and prints how many events of each kind
/// the runtime announced meanwhile. Called by test_peers.py, with two Ns: the difference is what the operations did.
///
///     micro-counts MEASURE N      prints `spawn S poll P wake W timer_set T timer_fire F blocking B`
#include "../peers/micro/rt_measures.hpp"

#include <rt/trace.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdio>
#include <cstdlib>

namespace {

std::array<std::atomic<unsigned long>, 32> seen{};

void count(const rt::trace::Event& event) noexcept { seen[static_cast<std::size_t>(event.kind)].fetch_add(1); }

unsigned long of(rt::trace::Kind kind) { return seen[static_cast<std::size_t>(kind)].load(); }

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) {
        std::fprintf(stderr, "micro-counts: say MEASURE N\n");
        return 2;
    }
    using rt::trace::Kind;
    using namespace rt_measures;
    rt::trace::listen(count);
    rt::CurrentThread runtime;
    measuring::Order order{argv[1], std::strtoull(argv[2], nullptr, 10)};
    auto measure = std::ranges::find(measures, order.measure, &Measure::name)->run;
    for (Count n : {order.warm_up(), order.n}) {
        measure == nullptr ? block_on_ready(runtime, n) : runtime.block_on(in_a_task(measure, n));
    }
    std::printf("spawn %lu poll %lu wake %lu timer_set %lu timer_fire %lu blocking %lu\n", of(Kind::spawn),
                of(Kind::poll_begin), of(Kind::wake), of(Kind::timer_set), of(Kind::timer_fire),
                of(Kind::blocking_run));
    std::fflush(stdout);
    std::_Exit(0);
}
