// Rung 2: the same, in a thread for each client.
#include "../echo/server.hpp"

#include <cstddef>
#include <memory>
#include <thread>

namespace {

void echo(int client, std::size_t size) {
    auto buffer = std::make_unique_for_overwrite<char[]>(size);
    ssize_t got = 0;
    while ((got = ::recv(client, buffer.get(), size, 0)) > 0 &&
           ::send(client, buffer.get(), static_cast<std::size_t>(got), 0) == got) {}
    ::close(client);
}

}  // namespace

int main(int argc, char** argv) {
    peer::Options options = peer::start(argc, argv);
    int listener = peer::listen_at(options.port, 0);
    for (;;) {
        int client = ::accept(listener, nullptr, nullptr);
        peer::set_nodelay(client);
        std::thread(echo, client, options.buffer).detach();
    }
}
