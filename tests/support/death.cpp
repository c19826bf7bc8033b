#include <observe/record.hpp>
#include <support/death.hpp>
#include <support/watchdog.hpp>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <system_error>

#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace support {

namespace {

constexpr int todo_status = 3;  // rt::todo ends a program with it

[[noreturn]] void run_child(int out, const std::function<void()>& body) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);  // if the watchdog ends the test, the kernel ends the child
    rlimit const no_core = {0, 0};
    setrlimit(RLIMIT_CORE, &no_core);
    for (int const number : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE}) {
        std::signal(number, SIG_DFL);
    }
    dup2(out, STDERR_FILENO);
    close(out);
    rt::record::forget_other_threads();
    start_watchdog();
    try {
        body();
    } catch (const std::exception& e) {
        std::fprintf(stderr, "exception: %s\n", e.what());
    } catch (...) {
        std::fputs("an exception\n", stderr);
    }
    std::_Exit(0);
}

/// Reads until the child ends. The child has a watchdog of its own, so this tells the test's watchdog that all is well
/// until the child's watchdog has had its time.
std::string read_to_end(int in) {
    constexpr int nap_in_milliseconds = 50;
    auto naps = static_cast<int>((patience_in_seconds() + 2) * 1000 / nap_in_milliseconds);
    std::string text;
    char buffer[4096];
    for (;;) {
        pollfd readable{in, POLLIN, 0};
        while (poll(&readable, 1, nap_in_milliseconds) == 0) {
            if (naps-- > 0) {
                still_alive();
            }
        }
        ssize_t const n = read(in, buffer, sizeof buffer);
        if (n > 0) {
            text.append(buffer, static_cast<std::size_t>(n));
        } else if (n == 0 || errno != EINTR) {
            return text;
        }
    }
}

}  // namespace

Ended run_in_a_child(const std::function<void()>& body) {
    std::fflush(stdout);
    std::fflush(stderr);
    int ends[2];
    if (pipe(ends) != 0) {
        throw std::system_error(errno, std::system_category(), "pipe");
    }
    pid_t const child = fork_beside_watchdog();
    if (child < 0) {
        throw std::system_error(errno, std::system_category(), "fork");
    }
    if (child == 0) {
        close(ends[0]);
        run_child(ends[1], body);
    }
    close(ends[1]);
    Ended ended{read_to_end(ends[0]), 0};
    close(ends[0]);
    while (waitpid(child, &ended.status, 0) < 0 && errno == EINTR) {}
    still_alive();
    bool const reached_a_hole = WIFEXITED(ended.status) && WEXITSTATUS(ended.status) == todo_status;
    if (reached_a_hole && ended.printed.find("TODO(") != ended.printed.npos) {
        std::fputs(ended.printed.c_str(), stderr);
        std::_Exit(todo_status);
    }
    return ended;
}

std::string how_it_missed_its_end(std::string_view sentence, const std::function<void()>& body) {
    auto const [printed, status] = run_in_a_child(body);
    bool const aborted = WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
    if (aborted && printed.find(sentence) != printed.npos) {
        return "";
    }
    std::string const how = aborted               ? "it aborted"
                            : WIFSIGNALED(status) ? fmt::format("it was killed by signal {}", WTERMSIG(status))
                            : WEXITSTATUS(status) == hung_status ? "it hung"
                            : WEXITSTATUS(status) ? fmt::format("it ended with status {}", WEXITSTATUS(status))
                                                  : "it went on without a report";
    if (printed.find_first_not_of('\n') == printed.npos) {
        return how;
    }
    std::string_view const words = std::string_view(printed).substr(0, printed.find_last_not_of('\n') + 1);
    return fmt::format("{}. It printed:{}{}", how, words.find('\n') == words.npos ? " " : "\n", words);
}

}  // namespace support
