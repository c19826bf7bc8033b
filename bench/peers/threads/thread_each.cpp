// Echo by a thread for each connection. Each thread blocks in the kernel until bytes come.
#include "../echo/server.hpp"

#include <array>
#include <cstddef>
#include <system_error>
#include <thread>

namespace {

bool send_all(int fd, const char* data, std::size_t size) {
    while (size != 0) {
        ssize_t const sent = ::send(fd, data, size, 0);
        if (sent < 0) {
            return false;
        }
        data += sent;
        size -= static_cast<std::size_t>(sent);
    }
    return true;
}

void echo(int fd) {
    std::array<char, peer::buffer_size> buffer;  // a page of it takes memory once bytes have been there
    for (;;) {
        ssize_t const got = ::recv(fd, buffer.data(), buffer.size(), 0);
        if (got <= 0 || !send_all(fd, buffer.data(), static_cast<std::size_t>(got))) {
            break;
        }
    }
    ::close(fd);
}

}  // namespace

int main(int argc, char** argv) {
    peer::Options options = peer::start(argc, argv);
    int const listener = peer::listen_at(options.port, 0);
    for (;;) {
        int const fd = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
        if (fd < 0) {
            continue;
        }
        peer::set_nodelay(fd);
        try {
            std::thread(echo, fd).detach();
        } catch (const std::system_error&) {
            ::close(fd);  // the system has no more threads
        }
    }
}
