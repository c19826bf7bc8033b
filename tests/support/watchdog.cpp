#include <observe/dump.hpp>
#include <observe/record.hpp>
#include <observe/sys_observe.hpp>
#include <observe/verdict.hpp>
#include <rt/sync.hpp>
#include <support/sanitizers.hpp>
#include <support/story.hpp>
#include <support/watchdog.hpp>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <latch>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <pthread.h>
#include <unistd.h>

namespace support {

namespace {

using rt::record::TaskRow;
using rt::record::ThreadRow;

constexpr std::chrono::milliseconds nap{50};
constexpr int naps_for_a_deadlock = 2;
constexpr int naps_for_a_lost_task = 10;

rt::Mutex awake;  // the watchdog holds it whenever it doesn't nap

[[noreturn]] void end_hung_test(const std::string& why) {
    if (ftrylockfile(stdout) == 0) {
        fflush_unlocked(stdout);
        funlockfile(stdout);
    }
    std::string const report = rt::dump_text();
    std::fprintf(stderr, "\nHUNG: %s\n  %s\n", current_case().c_str(), why.c_str());
    std::fputs(all_steps().c_str(), stderr);
    std::fprintf(stderr, "what each task and thread does:\n%s", report.c_str());
    std::_Exit(hung_status);
}

/// Measures how much processor time the current poll of each thread has used, to find a poll that does not end.
class LongestPoll {
  public:
    /// Looks at all threads again. Returns the name of a task whose poll has used `limit` of processor time, or "".
    std::string worked_for(std::chrono::microseconds limit) {
        for (const ThreadRow& thread : rt::record::detail::thread_rows) {
            Seen& seen = seen_[&thread - rt::record::detail::thread_rows.begin()];
            const TaskRow* const task = thread.polls.load(rt::relaxed);
            if (task == nullptr || task->what.load(rt::relaxed) != rt::record::What::task) {
                seen = {};
                continue;
            }
            std::chrono::microseconds const used = rt::sys::cpu_time_of_thread(thread.id.load(rt::relaxed));
            auto const id = task->id.load(rt::relaxed);  // another task may get the same row
            if (seen.task != id || seen.poll != task->polls.load(rt::relaxed)) {
                seen = {id, task->polls.load(rt::relaxed), used};
            } else if (used - seen.before >= limit) {
                return rt::record::name_of(*task);
            }
        }
        return "";
    }

  private:
    struct Seen {
        unsigned task = 0;
        std::uint64_t poll = 0;
        std::chrono::microseconds before{0};
    };
    Seen seen_[rt::record::detail::max_threads];
};

/// Says which task provably can never be polled again, and why. Empty if there is none.
std::string lost_task() {
    for (const TaskRow* task : rt::record::all_tasks()) {
        if (rt::record::Verdict const verdict = rt::record::verdict_on(*task, {}); verdict.is_proof) {
            return fmt::format("{} is lost: {}", rt::record::name_of(*task), verdict.text);
        }
    }
    return "";
}

std::string since_the_last_step() {
    std::string const step = last_step();
    return step.empty() ? "before its first step" : "in step " + step;
}

[[noreturn]] void watch(double patience, const std::shared_ptr<std::latch>& begun) {
    auto const naps = static_cast<int>(patience * 1000 / static_cast<double>(nap.count()));
    rt::Condvar nobody_notifies;
    rt::Lock lock(awake);
    begun->count_down();
    LongestPoll longest_poll;
    std::size_t seen = signs_of_life();
    std::string lost;
    for (int idle = 0;;) {
        nobody_notifies.wait_for(lock, nap);
        std::size_t const now = signs_of_life();
        idle = now == seen ? idle + 1 : 0;
        seen = now;
        if (idle > naps) {
            end_hung_test(
                fmt::format("No step has finished for {:g} s. The test hangs {}", patience, since_the_last_step()));
        }
        if (idle >= naps_for_a_deadlock && rt::record::all_sleep_for_good(1)) {
            end_hung_test(fmt::format("{}. The test hangs {}", rt::record::nobody_is_left, since_the_last_step()));
        }
        if (idle == naps_for_a_lost_task) {
            lost = lost_task();  // a task between its wake and its queue looks lost, but only for a moment
        } else if (idle == naps_for_a_lost_task + 2 && !lost.empty() && lost == lost_task()) {
            end_hung_test(fmt::format("{}. The test hangs {}", lost, since_the_last_step()));
        }
        if (std::string const task = longest_poll.worked_for(std::chrono::milliseconds(50) * naps); !task.empty()) {
            end_hung_test(fmt::format("One poll of {} has used the processor for {:g} s. The test hangs {}", task,
                                      patience, since_the_last_step()));
        }
    }
}

}  // namespace

double patience_in_seconds() {
    if (const char* text = std::getenv("PBP_WATCHDOG_SECONDS")) {
        if (double seconds = std::atof(text); seconds > 0) {
            return std::min(seconds, 1e6);
        }
    }
    return under_tsan || under_valgrind() ? 10 : 2;
}

void start_watchdog() {
    const char* const wish = std::getenv("RT_RECORD");
    if (wish == nullptr || std::string_view(wish) != "0") {
        rt::record::start();
    }
    // A new thread inherits the blocked signals, so no signal is ever delivered to the watchdog.
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    auto const begun = std::make_shared<std::latch>(1);
    rt::Thread thread([patience = patience_in_seconds(), begun] {
        pthread_setname_np(pthread_self(), "watchdog");
        watch(patience, begun);
    });
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    thread.detach();
    begun->wait();
}

pid_t fork_beside_watchdog() {
    rt::Lock const it_naps(awake);
    return fork();
}

}  // namespace support
