// Rung 3: one thread asks the kernel, again and again, which of all clients has something for it.
#include "../echo/server.hpp"

#include <cerrno>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include <poll.h>

int main(int argc, char** argv) {
    peer::Options options = peer::start(argc, argv);
    int listener = peer::listen_at(options.port, SOCK_NONBLOCK);
    std::vector<char> buffer(options.buffer);
    std::vector<pollfd> watched{{listener, POLLIN, 0}};
    std::vector<std::string> unsent(1);  // of the client at the same place
    for (;;) {
        ::poll(watched.data(), watched.size(), -1);
        for (std::size_t i = watched.size() - 1; i > 0; --i) {
            if (watched[i].revents == 0) {
                continue;
            }
            if (unsent[i].empty()) {
                ssize_t got = ::recv(watched[i].fd, buffer.data(), buffer.size(), 0);
                unsent[i].assign(buffer.data(), static_cast<std::size_t>(got > 0 ? got : 0));
            }
            ssize_t sent = ::send(watched[i].fd, unsent[i].data(), unsent[i].size(), 0);
            if (unsent[i].empty() || (sent < 0 && errno != EAGAIN)) {
                ::close(watched[i].fd);
                std::swap(watched[i], watched.back());
                std::swap(unsent[i], unsent.back());
                watched.pop_back();
                unsent.pop_back();
                continue;
            }
            unsent[i].erase(0, static_cast<std::size_t>(sent < 0 ? 0 : sent));
            watched[i].events = unsent[i].empty() ? POLLIN : POLLOUT;
        }
        if (watched[0].revents != 0) {
            int client = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK);
            if (client >= 0) {
                peer::set_nodelay(client);
                watched.push_back({client, POLLIN, 0});
                unsent.emplace_back();
            }
        }
    }
}
