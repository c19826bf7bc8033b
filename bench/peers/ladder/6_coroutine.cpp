// Rung 6: the compiler writes the state machine. A coroutine that waits is a handle, which epoll's event resumes.
#include "../echo/server.hpp"

#include <array>
#include <cerrno>
#include <coroutine>
#include <cstddef>
#include <exception>
#include <memory>

#include <sys/epoll.h>

namespace {

/// A coroutine that runs at once, and frees itself at its end.
struct Detached {
    struct promise_type {
        Detached get_return_object() noexcept { return {}; }
        std::suspend_never initial_suspend() noexcept { return {}; }
        std::suspend_never final_suspend() noexcept { return {}; }
        void return_void() noexcept {}
        [[noreturn]] void unhandled_exception() noexcept { std::terminate(); }
    };
};

/// A descriptor, and who waits for news of it: whoever awaits it, until the next edge, of whatever kind.
class Watched {
  public:
    Watched(int epoll, int fd) : fd_(fd) {
        epoll_event event{};
        event.events = EPOLLIN | EPOLLOUT | EPOLLET;
        event.data.ptr = this;
        ::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
    }
    Watched(const Watched&) = delete;
    Watched& operator=(const Watched&) = delete;
    ~Watched() { ::close(fd_); }

    int fd() const noexcept { return fd_; }
    void resume() { waiter_.resume(); }

    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> waiter) noexcept { waiter_ = waiter; }
    void await_resume() const noexcept {}

  private:
    int fd_;
    std::coroutine_handle<> waiter_;
};

Detached echo(int epoll, int fd, std::size_t size) {
    Watched socket(epoll, fd);
    auto buffer = std::make_unique_for_overwrite<char[]>(size);
    for (;;) {
        ssize_t got = ::recv(fd, buffer.get(), size, 0);
        if (got < 0 && errno == EAGAIN) {
            co_await socket;
            continue;
        }
        if (got <= 0) {
            co_return;
        }
        for (ssize_t sent = 0; sent < got;) {
            ssize_t more = ::send(fd, buffer.get() + sent, static_cast<std::size_t>(got - sent), 0);
            if (more >= 0) {
                sent += more;
            } else if (errno == EAGAIN) {
                co_await socket;
            } else {
                co_return;
            }
        }
    }
}

Detached serve(int epoll, peer::Options options) {
    Watched listener(epoll, peer::listen_at(options.port, SOCK_NONBLOCK));
    for (;;) {
        int fd = ::accept4(listener.fd(), nullptr, nullptr, SOCK_NONBLOCK);
        if (fd < 0) {
            co_await listener;
            continue;
        }
        peer::set_nodelay(fd);
        echo(epoll, fd, options.buffer);
    }
}

}  // namespace

int main(int argc, char** argv) {
    int epoll = ::epoll_create1(0);
    serve(epoll, peer::start(argc, argv));
    std::array<epoll_event, 256> events;
    for (;;) {
        int count = ::epoll_wait(epoll, events.data(), static_cast<int>(events.size()), -1);
        for (int i = 0; i < count; ++i) {
            static_cast<Watched*>(events[static_cast<std::size_t>(i)].data.ptr)->resume();
        }
    }
}
