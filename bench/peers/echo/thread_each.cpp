// Echo by a thread per connection, each of which waits in the kernel.
#include "server.hpp"

#include <cstddef>
#include <memory>
#include <system_error>
#include <thread>

namespace {

bool send_all(int fd, const char* data, std::size_t size) {
    while (size != 0) {
        ssize_t sent = ::send(fd, data, size, 0);
        if (sent < 0) {
            return false;
        }
        data += sent;
        size -= static_cast<std::size_t>(sent);
    }
    return true;
}

void echo(int fd, std::size_t size) {
    auto buffer = std::make_unique_for_overwrite<char[]>(size);
    ssize_t got = 0;
    while ((got = ::recv(fd, buffer.get(), size, 0)) > 0 && send_all(fd, buffer.get(), static_cast<std::size_t>(got))) {
    }
    ::close(fd);
}

}  // namespace

int main(int argc, char** argv) {
    peer::Options options = peer::start(argc, argv);
    int listener = peer::listen_at(options.port, 0);
    for (;;) {
        int fd = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
        if (fd < 0) {
            continue;
        }
        peer::set_nodelay(fd);
        try {
            std::thread(echo, fd, options.buffer).detach();
        } catch (const std::system_error&) {
            ::close(fd);  // no more threads
        }
    }
}
