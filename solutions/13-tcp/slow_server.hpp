/// \file
/// Given: a server that thinks for 50 ms before it answers, on a thread of its own. The program asks it if you name no server.
#pragma once

#include <rt/async.hpp>
#include <rt/current_thread.hpp>
#include <rt/join_set.hpp>
#include <rt/park.hpp>
#include <rt/spawn_blocking.hpp>
#include <rt/sync.hpp>
#include <rt/sys.hpp>
#include <rt/sys_socket.hpp>
#include <rt/tcp.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <system_error>
#include <utility>

#include <fmt/format.h>

class SlowServer {
  public:
    static constexpr std::chrono::milliseconds delay{50};

    SlowServer() = default;
    SlowServer(const SlowServer&) = delete;
    SlowServer& operator=(const SlowServer&) = delete;
    ~SlowServer() {
        rt::sys::shutdown(listener_.fd(), SHUT_RDWR);  // ends the accept
        thread_.join();
    }

    std::uint16_t port() const { return listener_.local_addr().port(); }

  private:
    static rt::Async<> answer(rt::TcpStream stream) {
        // A small buffer in the kernel, as if the network were slow. So the kernel takes an answer in many pieces.
        rt::sys::check(rt::sys::set_option(stream.fd(), SOL_SOCKET, SO_SNDBUF, 16 * 1024), "SO_SNDBUF");
        co_await stream.read(4096);
        auto think = rt::spawn_blocking([] { rt::ThreadPark().park(rt::sys::now() + delay); });
        co_await think;
        const std::string body(300'000, 'x');
        const std::string text = fmt::format("HTTP/1.0 200 OK\r\nContent-Length: {}\r\n\r\n{}", body.size(), body);
        co_await stream.write_all(text);
    }

    static rt::Async<> serve(rt::TcpListener* listener) {
        rt::JoinSet<> clients;
        try {
            for (;;) {
                rt::TcpStream stream = co_await listener->accept();
                clients.spawn(answer(std::move(stream)));
            }
        } catch (const std::system_error&) {  // the listener was shut down
        }
    }

    rt::TcpListener listener_ = rt::TcpListener::listen(rt::SocketAddr::from_ip("127.0.0.1", 0).value());
    rt::Thread thread_{[this] {
        rt::CurrentThread runtime;
        runtime.block_on(serve(&listener_));
    }};
};
