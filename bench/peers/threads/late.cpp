// How long a sleeper of 1 ms waits for somebody else's 10 ms of work: `late WHERE` prints how many milliseconds of other work the
// sleeper's thread did before the sleeper went on. That is CPU time, so other processes don't count.
//
//   task      the work is in another task of the same thread
//   pieces    the same, but it yields after each 10 µs
//   blocking  the task hands the work to spawn_blocking
//   threads   no runtime: one thread sleeps, and another one works
//
// needs: rt
#include <rt/async.hpp>
#include <rt/current_thread.hpp>
#include <rt/sleep.hpp>
#include <rt/spawn.hpp>
#include <rt/spawn_blocking.hpp>
#include <rt/yield_now.hpp>

#include <chrono>
#include <cstdio>
#include <string_view>
#include <thread>
#include <utility>

#include <time.h>

namespace {

using namespace std::chrono_literals;

/// The CPU time of the calling thread.
std::chrono::nanoseconds used() {
    timespec time{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

void work(std::chrono::nanoseconds amount) {
    for (auto const end = used() + amount; used() < end;) {}
}

double in_ms(std::chrono::nanoseconds time) { return std::chrono::duration<double, std::milli>(time).count(); }

rt::Async<double> nap() {
    auto const begin = used();
    co_await rt::sleep(1ms);
    co_return in_ms(used() - begin);
}

rt::Async<> in_pieces(int pieces) {
    for (int i = 0; i < pieces; ++i) {
        work(10ms / pieces);
        co_await rt::yield_now();
    }
}

rt::Async<> on_the_pool() { co_await rt::spawn_blocking(work, 10ms); }

rt::Async<double> beside(rt::Async<> other) {
    auto sleeper = rt::spawn(nap());
    co_await rt::yield_now();  // now the timer is set
    auto worker = rt::spawn(std::move(other));
    co_await worker;
    co_return co_await sleeper;
}

double with_threads() {
    double late = 0;
    std::thread sleeper([&late] {
        auto const begin = used();
        std::this_thread::sleep_for(1ms);
        late = in_ms(used() - begin);
    });
    std::thread worker(work, 10ms);
    worker.join();
    sleeper.join();
    return late;
}

}  // namespace

int main(int argc, char** argv) {
    std::string_view const where = argc == 2 ? argv[1] : "";
    rt::CurrentThread runtime;
    double late = 0;
    if (where == "task") {
        late = runtime.block_on(beside(in_pieces(1)));
    } else if (where == "pieces") {
        late = runtime.block_on(beside(in_pieces(1000)));
    } else if (where == "blocking") {
        late = runtime.block_on(beside(on_the_pool()));
    } else if (where == "threads") {
        late = with_threads();
    } else {
        std::fprintf(stderr, "usage: late task | pieces | blocking | threads\n");
        return 2;
    }
    std::printf("%.3f\n", late);
    return 0;
}
