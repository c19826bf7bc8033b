// The load generator: echo traffic against a server on this machine, measured from outside.
//
// It has nothing to do with the course's runtime: bare epoll, one thread, no allocation while it measures. A request costs it about what it costs a bare epoll server, so it is the yardstick too: a server's CPU per
// request is divided by the generator's in the same run, and the machine's speed that day cancels.
#include "modes.hpp"
#include "options.hpp"
#include "process.hpp"

#include <cstdio>
#include <exception>
#include <stdexcept>

#include <sys/resource.h>

namespace {

void raise_descriptor_limit() {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

load::Report run(const load::Options& options) {
    using Mode = load::Options::Mode;
    switch (options.mode) {
        case Mode::idle: return load::run_idle(options);
        case Mode::accept: return load::run_accept(options);
        default: return load::run_echo(options);
    }
}

}  // namespace

int main(int argc, char** argv) {
    try {
        load::Options options = load::Options::parse(argc, argv);
        if (options.mode == load::Options::Mode::help) {
            std::fputs(load::usage, stdout);
            return 0;
        }
        load::catch_signals();
        raise_descriptor_limit();
        load::Report report = run(options);
        std::puts(report.line.c_str());
        if (report.faults.count > 0) {
            std::fprintf(stderr, "%s\n", report.faults.first.c_str());
            return 1;
        }
        return 0;
    } catch (const std::invalid_argument& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 2;
    } catch (const load::Interrupted&) {
        std::fputs("Interrupted: nothing is reported.\n", stderr);
        return 130;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 1;
    }
}
