/// \file
/// Given: the code that starts the observers, and reports output that was lost. It is linked into every program of the
/// course.
///
///     RT_TRACE=file   writes the program's events to that file (trace_file.hpp)
///     RT_RECORD=1     keeps a record of the tasks (record.hpp), which SIGUSR1 prints (dump.hpp); RT_RECORD=0 keeps none
///
/// A debug build keeps the record unless RT_RECORD=0 says otherwise.
///
/// A program whose output was lost, because the disk is full for example, says so and ends with status 1. If the reader
/// of a pipe has gone, the output is lost too. SIGPIPE is ignored, so it does not kill the program.
#include <observe/dump.hpp>
#include <observe/sys_observe.hpp>
#include <observe/trace_file.hpp>
#include <rt/print.hpp>
#include <rt/sys.hpp>
#include <rt/sys_process.hpp>
#include <rt/violation.hpp>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <system_error>

namespace {

bool is_recorded() noexcept {
    const char* const wish = std::getenv("RT_RECORD");
    return wish == nullptr ? rt::checks_enabled : std::string_view(wish) != "0";
}

void say_how(int) {
    constexpr std::string_view how =
        "rt: nothing is recorded. Use a debug build, or start the program with RT_RECORD=1.\n";
    int const before = errno;
    rt::sys::write(2, how);
    errno = before;
}

/// Called at the end of the program. What fmt::print writes stays in a buffer until then, and exit() drops its error.
void report_lost_output() noexcept {
    errno = EIO;  // if an earlier write has failed, its own error is not known any more
    if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) {
        rt::eprintln("output was lost: {}", std::system_category().message(errno));
        std::_Exit(1);
    }
}

struct Observer {
    Observer() {
        rt::sys::on_signal(SIGPIPE, SIG_IGN);
        std::atexit(report_lost_output);
        if (const char* const path = std::getenv("RT_TRACE"); path != nullptr && *path != '\0') {
            rt::trace::trace_to_file(path);
        }
        if (is_recorded()) {
            rt::dump_on_signal();
        } else {
            rt::sys::on_signal(rt::sys::report_signal, say_how);
        }
    }
};

Observer const observer;

}  // namespace
