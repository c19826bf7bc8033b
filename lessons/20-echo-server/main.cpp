// starter: demo --clients 2
// Lesson 20: the echo server, and its thousand clients.
//
//     solution-20 serve [--addr 127.0.0.1:3001] [--runtime R] [--max-connections N] [--idle-timeout SECONDS]
//                       [--drain-timeout 5]
//     solution-20 demo [--clients 1000] [--runtime R] [--addr HOST:PORT]
#include "echo.hpp"
#include "options.hpp"

#include <rt/async.hpp>
#include <rt/join_set.hpp>
#include <rt/print.hpp>
#include <rt/runtime.hpp>
#include <rt/serve.hpp>
#include <rt/signal.hpp>
#include <rt/sys_process.hpp>
#include <rt/tcp.hpp>
#include <rt/time.hpp>

#include <chrono>
#include <cstddef>
#include <cstdio>
#include <ctime>
#include <exception>
#include <stdexcept>
#include <string>
#include <utility>

#include <fmt/format.h>

namespace {

/// Ready at the first signal. The next one has its usual effect: a second Ctrl-C ends the program at once.
rt::Async<> first(rt::Signal signal) {
    co_await signal;
    rt::sys::on_signal(SIGINT, SIG_DFL);
    rt::sys::on_signal(SIGTERM, SIG_DFL);
}

rt::Async<> serve(Options options) {
    // Before the greeting is printed, because its reader may send the signal.
    auto stop = first(rt::shutdown_signal());
    rt::TcpListener listener = co_await rt::TcpListener::bind(options.addr);
    fmt::print("listening on {} ({})\n", listener.local_addr(), options.flavor.to_string());
    std::fflush(stdout);
    auto handler = [idle = options.idle](rt::TcpStream* stream) { return echo(stream, idle); };
    std::size_t served = co_await rt::serve(std::move(listener), options.limits, std::move(stop), handler);
    fmt::print("stopped after {} client{}\n", served, served == 1 ? "" : "s");
}

rt::Async<std::size_t> demo(Options options) {
    rt::JoinSet<std::size_t> server;
    if (options.addr.empty()) {
        rt::TcpListener listener = co_await rt::TcpListener::bind("127.0.0.1:0");
        options.addr = listener.local_addr().to_string();
        auto handler = [idle = options.idle](rt::TcpStream* stream) { return echo(stream, idle); };
        server.spawn(rt::serve(std::move(listener), options.limits, rt::pending(), handler));
    }
    rt::SocketAddr address = co_await rt::resolve_one(options.addr);
    rt::JoinSet<std::size_t> clients;
    std::size_t bytes = 0;
    for (int n = 0; n < options.clients; ++n) {
        if (clients.size() == 1000) {
            // A listener's queue holds a few thousand connections. If it is full, a client tries again after a second.
            auto echoed = co_await clients.join_next();
            bytes += *echoed;
        }
        clients.spawn(client(address, n));
    }
    while (auto echoed = co_await clients.join_next()) {
        bytes += *echoed;
    }
    co_return bytes;
}

// Given: the most memory that the process has had so far, in kB. 0 where that cannot be read. Without iostreams, which take
// 600 kB themselves.
long peak_memory_kb() {
    long kb = 0;
    if (std::FILE* status = std::fopen("/proc/self/status", "re")) {
        char line[256];
        while (std::fgets(line, sizeof line, status) != nullptr && std::sscanf(line, "VmHWM: %ld kB", &kb) != 1) {}
        std::fclose(status);
    }
    return kb;
}

int run(const Options& options) {
    rt::sys::raise_descriptor_limit();
    if (options.mode == Options::Mode::serve) {
        rt::run(options.flavor, serve(options));
        return 0;
    }
    auto begin = rt::sys::now();
    std::clock_t worked = std::clock();  // by all threads
    std::size_t bytes = rt::run(options.flavor, demo(options));
    double cpu = static_cast<double>(std::clock() - worked) / CLOCKS_PER_SEC;
    std::chrono::duration<double> wall = rt::sys::now() - begin;
    fmt::print("{} clients, {} bytes, {:.1f} ms, CPU {:.0f} %, peak memory {} kB\n", options.clients, bytes,
               wall.count() * 1000, 100 * cpu / wall.count(), peak_memory_kb());
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    try {
        Options options = Options::parse(argc, argv);
        if (options.mode == Options::Mode::help) {
            fmt::print("{}", usage);
            return 0;
        }
        return run(options);
    } catch (const std::invalid_argument& error) {
        rt::eprintln("{}", error.what());
        return 2;
    } catch (const std::exception& error) {
        rt::eprintln("{}", error.what());
        return 1;
    }
}
