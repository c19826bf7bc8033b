// The tests of the runtime over io_uring; run under AddressSanitizer too. Status 77: this machine has no io_uring.
//
// needs: rt liburing
#include "checks.hpp"

#include <rt/sys.hpp>
#include <rt/sys_socket.hpp>
#include <uring_park.hpp>

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <unistd.h>

void check(bool good, const char* what) {
    if (!good) {
        std::printf("FAILED: %s\n", what);
        std::exit(1);
    }
}

Ends connected() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* where = reinterpret_cast<sockaddr*>(&address);
    rt::sys::Fd listener(rt::sys::tcp_socket(AF_INET, 0));
    check(rt::sys::bind(listener.get(), where, size) == 0, "bind");
    check(rt::sys::listen(listener.get(), 1) == 0, "listen");
    check(rt::sys::local_address(listener.get(), where, &size) == 0, "the listener's address");
    Ends ends{rt::sys::Fd(rt::sys::tcp_socket(AF_INET, 0)), {}};
    check(rt::sys::connect(ends.here.get(), where, size) == 0, "connect");
    ends.there = rt::sys::Fd(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    check(static_cast<bool>(ends.there), "accept");
    return ends;
}

void put(const rt::sys::Fd& socket, std::string_view text) {
    while (!text.empty()) {
        ssize_t sent = rt::sys::send(socket.get(), text);
        check(sent > 0, "send");
        text.remove_prefix(static_cast<std::size_t>(sent));
    }
}

std::string fetch(const rt::sys::Fd& socket, std::size_t size) {
    std::string text(size, '\0');
    std::size_t got = 0;
    while (got < size) {
        ssize_t more = rt::sys::recv(socket.get(), {text.data() + got, size - got});
        if (more <= 0) {
            break;
        }
        got += static_cast<std::size_t>(more);
    }
    text.resize(got);
    return text;
}

void make_narrow(const rt::sys::Fd& socket) {
    rt::sys::set_option(socket.get(), SOL_SOCKET, SO_SNDBUF, 65536);
    rt::sys::set_option(socket.get(), SOL_SOCKET, SO_RCVBUF, 65536);
}

int open_descriptors() {
    std::filesystem::directory_iterator all("/proc/self/fd");
    return static_cast<int>(std::distance(begin(all), end(all)));
}

std::string pattern(std::size_t size, unsigned seed) {
    std::string text(size, '\0');
    for (std::size_t i = 0; i < size; ++i) {
        text[i] = static_cast<char>((i * 31 + (i >> 8) * 7 + seed * 101) & 0xff);
    }
    return text;
}

int main() {
    std::setvbuf(stdout, nullptr, _IOLBF, 0);
    ::alarm(60);
    try {
        UringRuntime runtime;
    } catch (const std::system_error& error) {
        std::printf("skipped: this machine gives no io_uring (%s)\n", error.what());
        return 77;
    }
    drops();
    buffers();
    streams();
    std::printf("all good\n");
}
