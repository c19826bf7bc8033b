/// \file
/// Given: a TcpStream whose calls block the thread. The program compares the async TcpStream with this one.
#pragma once

#include <rt/resolve.hpp>
#include <rt/socket_addr.hpp>
#include <rt/sys_socket.hpp>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace blocking {

class TcpStream {
  public:
    static TcpStream connect(const std::string& host, std::uint16_t port) {
        int result = -EADDRNOTAVAIL;
        for (const rt::SocketAddr& address : rt::detail::resolve_blocking(host, port)) {
            TcpStream stream(rt::sys::Fd(rt::sys::tcp_socket(address.is_v6() ? AF_INET6 : AF_INET, 0)));
            result = rt::sys::connect(stream.socket_.get(), address.data(), address.size());
            if (result == 0) {
                return stream;
            }
        }
        throw rt::sys::error(result, ("cannot connect to " + host).c_str());
    }

    void write_all(std::string_view text) {
        while (!text.empty()) {
            text.remove_prefix(check(rt::sys::send(socket_.get(), text), "write"));
        }
    }

    std::string read_to_string(std::size_t limit) {
        std::string text;
        std::array<char, 4096> buffer;
        while (std::size_t size = check(rt::sys::recv(socket_.get(), buffer), "read")) {
            if (size > limit - text.size()) {
                throw rt::sys::error(-EMSGSIZE, "read_to_string: the stream is longer than the limit");
            }
            text.append(buffer.data(), size);
        }
        return text;
    }

  private:
    explicit TcpStream(rt::sys::Fd socket) : socket_(std::move(socket)) {}

    static std::size_t check(ssize_t result, const char* what) {
        if (result < 0) {
            throw rt::sys::error(result, what);
        }
        return static_cast<std::size_t>(result);
    }

    rt::sys::Fd socket_;
};

}  // namespace blocking
