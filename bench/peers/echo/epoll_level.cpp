// Echo by bare epoll, level-triggered: the yardstick of the bench.
//
// One read per readiness (what is left is reported again, after everybody else), the answer written at once, and interest in
// writing only after the kernel has refused some of it; until that is out, the connection is not read.
#include "server.hpp"

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <sys/epoll.h>

namespace {

struct Connection {
    explicit Connection(int socket) : fd(socket) {}
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    ~Connection() { ::close(fd); }

    int fd;
    std::string unsent{};  // what the kernel refused; empty, while we read
};

class Server {
  public:
    explicit Server(peer::Options options)
        : listener_(peer::listen_at(options.port, SOCK_NONBLOCK)),
          epoll_(::epoll_create1(EPOLL_CLOEXEC)),
          buffer_(peer::buffer_size) {
        watch(EPOLL_CTL_ADD, listener_, EPOLLIN, nullptr);
    }

    [[noreturn]] void run() {
        std::array<epoll_event, 256> events;
        for (;;) {
            int count = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), -1);
            for (const epoll_event& event : std::span(events).first(static_cast<std::size_t>(count < 0 ? 0 : count))) {
                auto* connection = static_cast<Connection*>(event.data.ptr);
                if (connection == nullptr) {
                    accept_all();
                } else if (!(connection->unsent.empty() ? echo(*connection) : send_rest(*connection))) {
                    delete connection;
                }
            }
        }
    }

  private:
    void watch(int operation, int fd, std::uint32_t events, Connection* connection) {
        epoll_event event{};
        event.events = events;
        event.data.ptr = connection;
        ::epoll_ctl(epoll_, operation, fd, &event);
    }

    void accept_all() {
        for (;;) {
            int fd = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
            if (fd < 0) {
                return;
            }
            peer::set_nodelay(fd);
            watch(EPOLL_CTL_ADD, fd, EPOLLIN, new Connection(fd));
        }
    }

    /// False if the connection has ended.
    bool echo(Connection& connection) {
        ssize_t got = ::recv(connection.fd, buffer_.data(), buffer_.size(), 0);
        if (got <= 0) {
            return got < 0 && (errno == EAGAIN || errno == EINTR);
        }
        std::string_view message(buffer_.data(), static_cast<std::size_t>(got));
        ssize_t sent = ::send(connection.fd, message.data(), message.size(), 0);
        if (sent == got) {
            return true;
        }
        if (sent < 0 && errno != EAGAIN) {
            return false;
        }
        connection.unsent = message.substr(static_cast<std::size_t>(sent < 0 ? 0 : sent));
        watch(EPOLL_CTL_MOD, connection.fd, EPOLLOUT, &connection);
        return true;
    }

    bool send_rest(Connection& connection) {
        ssize_t sent = ::send(connection.fd, connection.unsent.data(), connection.unsent.size(), 0);
        if (sent < 0) {
            return errno == EAGAIN || errno == EINTR;
        }
        connection.unsent.erase(0, static_cast<std::size_t>(sent));
        if (connection.unsent.empty()) {
            connection.unsent.shrink_to_fit();
            watch(EPOLL_CTL_MOD, connection.fd, EPOLLIN, &connection);
        }
        return true;
    }

    int listener_;
    int epoll_;
    std::vector<char> buffer_;  // of whoever is read just now
};

}  // namespace

int main(int argc, char** argv) {
    Server server(peer::start(argc, argv));
    server.run();
}
