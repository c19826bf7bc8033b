/// \file
/// Given: what starts the observers. It is linked into every program of the course.
///
///     RT_TRACE=file   writes the program's events to that file (trace_file.hpp)
///     RT_RECORD=1     keeps a record of the tasks (record.hpp), which SIGUSR1 prints (dump.hpp); RT_RECORD=0 keeps none
///
/// A debug build keeps the record unless RT_RECORD=0 says otherwise.
#include <observe/dump.hpp>
#include <observe/sys_observe.hpp>
#include <observe/trace_file.hpp>
#include <rt/sys.hpp>
#include <rt/sys_process.hpp>
#include <rt/violation.hpp>

#include <cerrno>
#include <cstdlib>
#include <string_view>

namespace {

bool is_recorded() noexcept {
    const char* const wish = std::getenv("RT_RECORD");
    return wish == nullptr ? rt::checks_enabled : std::string_view(wish) != "0";
}

void say_how(int) {
    constexpr std::string_view how =
        "rt: nothing is recorded: take a debug build, or start the program with RT_RECORD=1\n";
    int const before = errno;
    rt::sys::write(2, how);
    errno = before;
}

struct Observer {
    Observer() {
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
