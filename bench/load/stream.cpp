#include "stream.hpp"

#include "json.hpp"
#include "process.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <ctime>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace load {

std::uint64_t now() {
    timespec time{};
    clock_gettime(CLOCK_MONOTONIC, &time);
    return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(time.tv_nsec);
}

void Faults::note(std::string sentence) {
    if (count++ == 0) {
        first = std::move(sentence);
    }
}

Stream::Stream(Stream&& other) noexcept { *this = std::move(other); }

Stream& Stream::operator=(Stream&& other) noexcept {
    if (this != &other) {
        close();
        fd_ = std::exchange(other.fd_, -1);
        ended_ = other.ended_;
        number_ = other.number_;
        start_ = other.start_;
        wanted_ = other.wanted_;
        sent_ = other.sent_;
        received_ = other.received_;
    }
    return *this;
}

namespace {

sockaddr_in address_of(const std::string& host, std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    inet_pton(AF_INET, host.c_str(), &address.sin_addr);
    return address;
}

/// A client address has some 28,000 ports, and each is taken for a minute after its connection's end: so each run
/// has addresses of its own, 127.0.R.x, and each holds 8,000 connections.
sockaddr_in source_of(std::size_t n) {
    sockaddr_in source{};
    source.sin_family = AF_INET;
    std::uint32_t run = 1 + static_cast<std::uint32_t>(getpid()) % 250;
    std::uint32_t host = 1 + static_cast<std::uint32_t>(n / 8000) % 250;
    source.sin_addr.s_addr = htonl((127U << 24) | (run << 8) | host);
    return source;
}

timeval timeval_of(double seconds) {
    timeval time{};
    time.tv_sec = static_cast<time_t>(seconds);
    time.tv_usec = static_cast<suseconds_t>((seconds - std::floor(seconds)) * 1e6);
    return time;
}

}  // namespace

bool Stream::connect(const Options& options, std::size_t n, Faults& faults) {
    close();
    *this = Stream();
    number_ = n;
    start_ = n * 1009 % Pattern::period;  // neighbors are out of step
    fd_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd_ < 0) {
        fail("socket", faults);
        return false;
    }
    int on = 1;
    setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(fd_, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);  // connect chooses it: more pairs are free
    timeval limit = timeval_of(options.timeout);
    setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);  // holds for connect
    sockaddr_in source = source_of(n);
    sockaddr_in server = address_of(options.host, options.port);
    if (bind(fd_, reinterpret_cast<sockaddr*>(&source), sizeof source) != 0) {
        fail("bind", faults);
        return false;
    }
    if (::connect(fd_, reinterpret_cast<sockaddr*>(&server), sizeof server) != 0) {
        fail("connect", faults);
        return false;
    }
    fcntl(fd_, F_SETFL, fcntl(fd_, F_GETFL) | O_NONBLOCK);
    return true;
}

bool Stream::flush(const Pattern& pattern, Faults& faults) {
    while (sent_ < wanted_) {
        auto piece = static_cast<std::size_t>(std::min<std::uint64_t>(wanted_ - sent_, Pattern::span));
        std::string_view bytes = pattern.at(start_ + sent_, piece);
        ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (n < 0) {
            if (errno == EAGAIN) {
                return true;
            }
            fail("send", faults);
            return false;
        }
        sent_ += static_cast<std::uint64_t>(n);
        if (static_cast<std::size_t>(n) < piece) {
            return true;  // the kernel's buffer is full: readiness will say when it is not
        }
    }
    return true;
}

std::size_t Stream::receive(const Pattern& pattern, std::span<char> buffer, Faults& faults) {
    ssize_t n = recv(fd_, buffer.data(), buffer.size(), 0);
    if (n < 0) {
        if (errno != EAGAIN) {
            fail("recv", faults);
        }
        return 0;
    }
    auto length = static_cast<std::size_t>(n);
    if (length == 0) {
        if (received_ != sent_) {
            faults.note(name() + " was closed by the server with " + std::to_string(sent_ - received_) +
                        " bytes unanswered");
        } else if (!ended_) {
            faults.note(name() + " was closed by the server though the client had not ended it");
        }
        close();
        return 0;
    }
    if (received_ + length > sent_) {
        faults.note(name() + " got " + std::to_string(received_ + length - sent_) + " bytes more than it had sent");
        close();
        return 0;
    }
    std::string_view expected = pattern.at(start_ + received_, length);
    if (std::memcmp(buffer.data(), expected.data(), length) != 0) {
        auto wrong = std::mismatch(expected.begin(), expected.end(), buffer.begin()).first - expected.begin();
        faults.note(name() + ": byte " + std::to_string(received_ + static_cast<std::uint64_t>(wrong)) +
                    " came back wrong");
        close();
        return 0;
    }
    received_ += length;
    return length;
}

bool Stream::await_answer(const Pattern& pattern, std::span<char> buffer, double seconds, Faults& faults) {
    std::uint64_t deadline = now() + static_cast<std::uint64_t>(seconds * 1e9);
    while (is_open() && !is_answered()) {
        std::uint64_t time = now();
        pollfd wait{fd_, static_cast<short>(is_sent() ? POLLIN : POLLIN | POLLOUT), 0};
        if (time >= deadline || poll(&wait, 1, static_cast<int>((deadline - time) / 1'000'000) + 1) == 0) {
            faults.note(name() + " got no answer to " + std::to_string(wanted_ - received_) + " bytes within " +
                        Json::digits(seconds) + " s");
            return false;
        }
        if (stopped() || !flush(pattern, faults)) {
            return false;
        }
        receive(pattern, buffer, faults);
    }
    return is_open();
}

void Stream::end_of_sending() {
    wanted_ = sent_;
    ended_ = true;
    shutdown(fd_, SHUT_WR);
}

void Stream::reset() {
    linger hard{1, 0};
    setsockopt(fd_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    close();
}

void Stream::close() {
    if (fd_ >= 0) {
        ::close(std::exchange(fd_, -1));
    }
}

void Stream::fail(const char* call, Faults& faults) {
    faults.note(name() + ": " + call + ": " + std::strerror(errno));
    close();
}

bool open_streams(std::span<Stream> streams, std::size_t first_number, const Options& options, const Pattern& pattern,
                  Faults& faults) {
    constexpr std::size_t batch = 100;
    std::array<char, greeting> buffer;
    for (std::size_t begin = 0; begin < streams.size() && !stopped(); begin += batch) {
        std::size_t end = std::min(begin + batch, streams.size());
        for (std::size_t i = begin; i < end; ++i) {
            streams[i].connect(options, first_number + i, faults);
            if (streams[i].is_open()) {
                streams[i].want(greeting);
                streams[i].flush(pattern, faults);
            }
            if (!streams[i].is_open()) {
                return false;
            }
        }
        for (std::size_t i = begin; i < end; ++i) {
            if (!streams[i].await_answer(pattern, buffer, options.timeout, faults)) {
                return false;
            }
        }
    }
    return !stopped();
}

}  // namespace load
