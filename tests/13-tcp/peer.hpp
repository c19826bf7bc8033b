/// \file
/// The other side of a TCP connection, with calls that block: on a thread of its own, or where nothing can block.
#pragma once

#include <rt/socket_addr.hpp>
#include <rt/sys.hpp>
#include <rt/sys_socket.hpp>
#include <support/story.hpp>

#include <doctest/doctest.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace support {

/// A client that blocks. CHECKs only: it may be used on any thread.
class Peer {
  public:
    /// Connects; the listener's backlog takes it, so this does not wait for an accept.
    explicit Peer(const rt::SocketAddr& server) : socket_(rt::sys::tcp_socket(server.is_v6() ? AF_INET6 : AF_INET, 0)) {
        step("a client connects to {}", server);
        CHECK(rt::sys::connect(socket_.get(), server.data(), server.size()) == 0);
    }

    void send(std::string_view text) {
        while (!text.empty()) {
            ssize_t size = rt::sys::send(socket_.get(), text);
            if (size < 0) {
                FAIL_CHECK("the client cannot send: " << rt::sys::error(size, "send").what());
                return;
            }
            text.remove_prefix(static_cast<std::size_t>(size));
            still_alive();
        }
    }
    /// Sends one byte out of band.
    void send_urgent(char byte) { CHECK(::send(socket_.get(), &byte, 1, MSG_OOB) == 1); }

    /// Exactly `size` bytes, or what came until the end.
    std::string receive(std::size_t size) {
        std::string text(size, '\0');
        std::size_t got = 0;
        while (got < size) {
            ssize_t piece = rt::sys::recv(socket_.get(), std::span(text).subspan(got));
            if (piece <= 0) {
                break;
            }
            got += static_cast<std::size_t>(piece);
            still_alive();
        }
        text.resize(got);
        return text;
    }
    std::string receive_all() {
        std::string text;
        for (std::string piece; !(piece = receive(4096)).empty();) {
            text += piece;
        }
        return text;
    }

    /// No more will be sent.
    void end() {
        step("the client says that no more will come");
        CHECK(rt::sys::shutdown(socket_.get(), SHUT_WR) == 0);
    }
    /// Closes at once, with a reset.
    void reset() {
        step("the client resets the connection");
        linger hard{.l_onoff = 1, .l_linger = 0};
        CHECK(::setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &hard, sizeof hard) == 0);
        socket_.reset();
    }
    void close() {
        step("the client closes");
        socket_.reset();
    }

    int fd() const noexcept { return socket_.get(); }

  private:
    rt::sys::Fd socket_;
};

/// 127.0.0.1, a free port.
inline rt::SocketAddr loopback() { return rt::SocketAddr::from_ip("127.0.0.1", 0).value(); }

/// `size` bytes in which no stretch looks like another.
inline std::string pattern(std::size_t size) {
    std::string text(size, '\0');
    unsigned state = 12345;
    for (char& byte : text) {
        state = state * 1103515245 + 12345;
        byte = static_cast<char>(state >> 16);
    }
    return text;
}

}  // namespace support
