// Rung 5: what a client waits for, written down as a state; whenever something is up, the machine runs as far as it goes.
#include "../echo/server.hpp"

#include <array>
#include <cerrno>
#include <cstddef>
#include <memory>

#include <sys/epoll.h>

namespace {

class Client {
  public:
    Client(int fd, std::size_t size) : fd_(fd), size_(size), buffer_(std::make_unique_for_overwrite<char[]>(size)) {}
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;
    ~Client() { ::close(fd_); }

    /// Goes on until the kernel says "not now"; false at the end.
    bool run() {
        for (;;) {
            ssize_t result = 0;
            switch (state_) {
                case State::reading:
                    result = ::recv(fd_, buffer_.get(), size_, 0);
                    if (result == 0) {
                        return false;
                    }
                    if (result > 0) {
                        begin_ = 0;
                        end_ = static_cast<std::size_t>(result);
                        state_ = State::writing;
                    }
                    break;
                case State::writing:
                    result = ::send(fd_, buffer_.get() + begin_, end_ - begin_, 0);
                    if (result > 0) {
                        begin_ += static_cast<std::size_t>(result);
                        state_ = begin_ == end_ ? State::reading : State::writing;
                    }
                    break;
            }
            if (result < 0) {
                return errno == EAGAIN;
            }
        }
    }

  private:
    enum class State : unsigned char { reading, writing };

    int fd_;
    State state_ = State::reading;
    std::size_t size_;
    std::unique_ptr<char[]> buffer_;
    std::size_t begin_ = 0;  // what is to be sent lies between these
    std::size_t end_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
    peer::Options options = peer::start(argc, argv);
    int listener = peer::listen_at(options.port, SOCK_NONBLOCK);
    int epoll = ::epoll_create1(0);
    epoll_event event{};
    event.events = EPOLLIN;
    ::epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
    std::array<epoll_event, 256> events;
    for (;;) {
        int count = ::epoll_wait(epoll, events.data(), static_cast<int>(events.size()), -1);
        for (int i = 0; i < count; ++i) {
            auto* client = static_cast<Client*>(events[static_cast<std::size_t>(i)].data.ptr);
            if (client != nullptr) {
                if (!client->run()) {
                    delete client;
                }
            } else if (int fd = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK); fd >= 0) {
                peer::set_nodelay(fd);
                event.events = EPOLLIN | EPOLLOUT | EPOLLET;
                event.data.ptr = new Client(fd, options.buffer);
                ::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
            }
        }
    }
}
