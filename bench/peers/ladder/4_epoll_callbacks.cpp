// Rung 4: epoll remembers whom we ask about, and each client brings the functions that are called when something is up.
#include "../echo/server.hpp"

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include <sys/epoll.h>

namespace {

/// A descriptor, and what is to be done when it is ready.
struct Watched {
    int fd;
    std::function<void()> on_readable{};
    std::function<void()> on_writable{};
};

int epoll = -1;

void watch(int operation, Watched& watched, std::uint32_t events) {
    epoll_event event{};
    event.events = events;
    event.data.ptr = &watched;
    ::epoll_ctl(epoll, operation, watched.fd, &event);
}

class Client {
  public:
    Client(int fd, std::size_t size)
        : watched_{fd, [this] { read(); }, [this] { write(); }},
          size_(size),
          buffer_(std::make_unique_for_overwrite<char[]>(size)) {
        watch(EPOLL_CTL_ADD, watched_, EPOLLIN);
    }
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;
    ~Client() { ::close(watched_.fd); }

  private:
    void read() {
        ssize_t got = ::recv(watched_.fd, buffer_.get(), size_, 0);
        if (got <= 0) {
            delete this;
            return;
        }
        begin_ = 0;
        end_ = static_cast<std::size_t>(got);
        write();
    }

    void write() {
        ssize_t sent = ::send(watched_.fd, buffer_.get() + begin_, end_ - begin_, 0);
        if (sent < 0 && errno != EAGAIN) {
            delete this;
            return;
        }
        begin_ += static_cast<std::size_t>(sent < 0 ? 0 : sent);
        if (waits_to_write_ != (begin_ < end_)) {
            waits_to_write_ = !waits_to_write_;
            watch(EPOLL_CTL_MOD, watched_, waits_to_write_ ? EPOLLOUT : EPOLLIN);
        }
    }

    Watched watched_;
    std::size_t size_;
    std::unique_ptr<char[]> buffer_;
    std::size_t begin_ = 0;  // what is to be sent lies between these
    std::size_t end_ = 0;
    bool waits_to_write_ = false;
};

}  // namespace

int main(int argc, char** argv) {
    peer::Options options = peer::start(argc, argv);
    epoll = ::epoll_create1(0);
    Watched listener{peer::listen_at(options.port, SOCK_NONBLOCK)};
    listener.on_readable = [&] {
        int fd = ::accept4(listener.fd, nullptr, nullptr, SOCK_NONBLOCK);
        if (fd >= 0) {
            peer::set_nodelay(fd);
            new Client(fd, options.buffer);  // deletes itself
        }
    };
    watch(EPOLL_CTL_ADD, listener, EPOLLIN);
    std::array<epoll_event, 256> events;
    for (;;) {
        int count = ::epoll_wait(epoll, events.data(), static_cast<int>(events.size()), -1);
        for (int i = 0; i < count; ++i) {
            const epoll_event& event = events[static_cast<std::size_t>(i)];
            auto* watched = static_cast<Watched*>(event.data.ptr);
            (event.events & EPOLLIN) != 0 ? watched->on_readable() : watched->on_writable();
        }
    }
}
