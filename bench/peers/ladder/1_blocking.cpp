// Rung 1: one client at a time. Everything waits where it stands.
#include "../echo/server.hpp"

#include <cstddef>
#include <vector>

int main(int argc, char** argv) {
    peer::Options options = peer::start(argc, argv);
    int listener = peer::listen_at(options.port, 0);
    std::vector<char> buffer(options.buffer);
    for (;;) {
        int client = ::accept(listener, nullptr, nullptr);
        peer::set_nodelay(client);
        ssize_t got = 0;
        // A blocking send returns when all is sent, or nothing will be any more.
        while ((got = ::recv(client, buffer.data(), buffer.size(), 0)) > 0 &&
               ::send(client, buffer.data(), static_cast<std::size_t>(got), 0) == got) {}
        ::close(client);
    }
}
