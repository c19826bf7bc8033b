// Echo by bare epoll, edge-triggered.
//
// Registered once, for everything. An edge is said once, so a connection is served until the kernel has no more: a read that
// did not fill the buffer, or a refusal. Four full reads are a turn: whoever has more then queues behind the others.
#include "server.hpp"

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sys/epoll.h>

namespace {

struct Connection {
    explicit Connection(int socket) : fd(socket) {}
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    ~Connection() { ::close(fd); }

    int fd;
    bool is_queued = false;
    bool has_ended = false;  // the kernel said so: a short read is not the last
    std::string unsent{};    // what the kernel refused; empty, while we read
};

class Server {
  public:
    explicit Server(peer::Options options)
        : listener_(peer::listen_at(options.port, SOCK_NONBLOCK)),
          epoll_(::epoll_create1(EPOLL_CLOEXEC)),
          buffer_(peer::buffer_size) {
        watch(listener_, EPOLLIN, nullptr);
    }

    [[noreturn]] void run() {
        std::array<epoll_event, 256> events;
        for (;;) {
            int count = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), queue_.empty() ? -1 : 0);
            for (const epoll_event& event : std::span(events).first(static_cast<std::size_t>(count < 0 ? 0 : count))) {
                if (auto* connection = static_cast<Connection*>(event.data.ptr)) {
                    connection->has_ended |= (event.events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
                    queue(*connection);
                } else {
                    accept_all();
                }
            }
            turn_.swap(queue_);
            for (Connection* connection : turn_) {
                connection->is_queued = false;
                switch (serve(*connection)) {
                    case Next::wait: break;
                    case Next::again: queue(*connection); break;
                    case Next::end: delete connection; break;
                }
            }
            turn_.clear();
        }
    }

  private:
    enum class Next : unsigned char { wait, again, end };

    static constexpr int reads_a_turn = 4;

    void watch(int fd, std::uint32_t events, Connection* connection) {
        epoll_event event{};
        event.events = events;
        event.data.ptr = connection;
        ::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
    }

    void accept_all() {
        for (;;) {
            int fd = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
            if (fd < 0) {
                return;
            }
            peer::set_nodelay(fd);
            watch(fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, new Connection(fd));
        }
    }

    void queue(Connection& connection) {
        if (!std::exchange(connection.is_queued, true)) {
            queue_.push_back(&connection);
        }
    }

    Next serve(Connection& connection) {
        if (!connection.unsent.empty()) {
            ssize_t sent = ::send(connection.fd, connection.unsent.data(), connection.unsent.size(), 0);
            if (sent < 0) {
                return errno == EAGAIN ? Next::wait : Next::end;
            }
            connection.unsent.erase(0, static_cast<std::size_t>(sent));
            if (!connection.unsent.empty()) {
                return Next::again;  // until it is refused: only then an edge will come
            }
            connection.unsent.shrink_to_fit();
        }
        for (int reads = 0; reads < reads_a_turn; ++reads) {
            ssize_t got = ::recv(connection.fd, buffer_.data(), buffer_.size(), 0);
            if (got <= 0) {
                return got < 0 && errno == EAGAIN ? Next::wait : Next::end;
            }
            std::string_view message(buffer_.data(), static_cast<std::size_t>(got));
            ssize_t sent = ::send(connection.fd, message.data(), message.size(), 0);
            if (sent < 0 && errno != EAGAIN) {
                return Next::end;
            }
            if (sent < got) {
                connection.unsent = message.substr(static_cast<std::size_t>(sent < 0 ? 0 : sent));
                return Next::again;
            }
            if (message.size() < buffer_.size() && !connection.has_ended) {
                return Next::wait;
            }
        }
        return Next::again;
    }

    int listener_;
    int epoll_;
    std::vector<Connection*> queue_;  // who is to be served
    std::vector<Connection*> turn_;   // who is being served
    std::vector<char> buffer_;        // of whoever is read just now
};

}  // namespace

int main(int argc, char** argv) {
    Server server(peer::start(argc, argv));
    server.run();
}
