// needs: rt
/// \file
/// Ours once more, with counting/rt/sync.hpp in the place of the provided one: how often its threads meet. Prints totals, so
/// that what it takes to start cancels between two Ns.
///
///     contended MEASURE N WORKERS      prints `locked L moved M waited W`
#include "../micro/rt_measures.hpp"

#include <rt/multi_thread.hpp>
#include <rt/sync.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

int main(int argc, char** argv) {
    using namespace rt_measures;
    auto measure =
        argc == 4 ? std::ranges::find(measures, std::string_view(argv[1]), &Measure::name) : std::end(measures);
    Count n = argc == 4 ? std::strtoull(argv[2], nullptr, 10) : 0;
    unsigned workers = argc == 4 ? static_cast<unsigned>(std::strtoul(argv[3], nullptr, 10)) : 0;
    if (measure == std::end(measures) || measure->run == nullptr || n == 0 || workers == 0 || workers > 64) {
        std::fprintf(stderr,
                     "contended: say MEASURE N WORKERS, with a measure of the micro programs and 1 to 64 workers\n");
        return 2;
    }
    {
        rt::MultiThread runtime(workers);
        runtime.block_on(in_a_task(measure->run, n));
    }
    counting::mine.flush();  // the workers' were added when these ended
    std::printf("locked %llu moved %llu waited %llu\n", static_cast<unsigned long long>(counting::all_locked.load()),
                static_cast<unsigned long long>(counting::all_moved.load()),
                static_cast<unsigned long long>(counting::all_waited.load()));
    return 0;
}
