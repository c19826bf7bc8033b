#include <support/death.hpp>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace support {

namespace {

constexpr int todo_status = 3;  // rt::todo ends with it

[[noreturn]] void run_child(int out, const std::function<void()>& body) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);  // if the watchdog ends the test, it ends the child
    rlimit const no_core = {0, 0};
    setrlimit(RLIMIT_CORE, &no_core);
    for (int const number : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE}) {
        std::signal(number, SIG_DFL);
    }
    dup2(out, STDERR_FILENO);
    close(out);
    try {
        body();
    } catch (const std::exception& e) {
        std::fprintf(stderr, "exception: %s\n", e.what());
    } catch (...) {
        std::fputs("an exception\n", stderr);
    }
    std::_Exit(0);
}

std::string read_to_end(int in) {
    std::string text;
    char buffer[4096];
    for (;;) {
        ssize_t const n = read(in, buffer, sizeof buffer);
        if (n > 0) {
            text.append(buffer, static_cast<std::size_t>(n));
        } else if (n == 0 || errno != EINTR) {
            return text;
        }
    }
}

}  // namespace

std::string how_it_missed_its_end(std::string_view sentence, const std::function<void()>& body) {
    std::fflush(stdout);
    std::fflush(stderr);
    int ends[2];
    if (pipe(ends) != 0) {
        return "no pipe could be made";
    }
    pid_t const child = fork();
    if (child < 0) {
        return "no child process could be made";
    }
    if (child == 0) {
        close(ends[0]);
        run_child(ends[1], body);
    }
    close(ends[1]);
    std::string const printed = read_to_end(ends[0]);
    close(ends[0]);
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {}
    still_alive();

    if (WIFEXITED(status) && WEXITSTATUS(status) == todo_status && printed.find("TODO(") != printed.npos) {
        std::fputs(printed.c_str(), stderr);
        std::_Exit(todo_status);
    }
    bool const aborted = WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
    if (aborted && printed.find(sentence) != printed.npos) {
        return "";
    }
    std::string const how = aborted               ? "it aborted"
                            : WIFSIGNALED(status) ? fmt::format("it was killed by signal {}", WTERMSIG(status))
                            : WEXITSTATUS(status) ? fmt::format("it ended with status {}", WEXITSTATUS(status))
                                                  : "it went on, and nothing was noticed";
    std::string const words = printed.empty() ? "" : ", with these words:\n" + printed;
    return fmt::format("expected the program to end with \"{}\"; found: {}{}", sentence, how, words);
}

}  // namespace support
