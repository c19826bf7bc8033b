#include <rt/sync.hpp>
#include <support/sanitizers.hpp>
#include <support/story.hpp>
#include <support/watchdog.hpp>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>

#include <pthread.h>

namespace support {

namespace {

constexpr int hung_status = 4;
constexpr std::chrono::milliseconds nap{50};

double patience_in_seconds() {
    if (const char* text = std::getenv("PBP_WATCHDOG_SECONDS")) {
        if (double seconds = std::atof(text); seconds > 0) {
            return seconds;
        }
    }
    return under_tsan || under_valgrind() ? 10 : 2;
}

[[noreturn]] void end_hung_test(double seconds) {
    if (ftrylockfile(stdout) == 0) {
        fflush_unlocked(stdout);
        funlockfile(stdout);
    }
    std::string const step = last_step();
    std::fprintf(stderr, "\nHUNG: for %g s no step has passed; the test hangs %s\n", seconds,
                 step.empty() ? "before its first step" : ("in step " + step).c_str());
    tell_story(stderr);
    std::fputs("  A waker that nobody kept, a wake that was lost, or a loop that never waits?\n", stderr);
    std::_Exit(hung_status);
}

[[noreturn]] void watch() {
    double const patience = patience_in_seconds();
    auto const naps = static_cast<int>(patience * 1000 / static_cast<double>(nap.count()));
    rt::Mutex mutex;
    rt::Condvar nobody_notifies;
    rt::Lock lock(mutex);
    std::size_t seen = signs_of_life();
    for (int idle = 0;;) {
        nobody_notifies.wait_for(lock, nap);
        std::size_t const now = signs_of_life();
        idle = now == seen ? idle + 1 : 0;
        seen = now;
        if (idle > naps) {
            end_hung_test(patience);
        }
    }
}

}  // namespace

void start_watchdog() {
    // All signals are blocked while the thread is made: it inherits that, and none is ever delivered to it.
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    rt::Thread thread([] {
        pthread_setname_np(pthread_self(), "watchdog");
        watch();
    });
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    thread.detach();
}

}  // namespace support
