/// \file
/// `uring::TcpStream` and `uring::TcpListener`: lesson 13's, over io_uring.
///
/// Reads are the same: `read(max)` yields a Chunk, empty at the end. Writes are not: `write_all` takes what it sends, a
/// Chunk or a string, by value. (`stream.write_all(chunk.view())` would lend memory to the kernel that a dropped future takes
/// away again; see uring_engine.hpp.)
///
/// Threads: the runtime's only.
#pragma once

#include "uring_connection.hpp"
#include "uring_engine.hpp"
#include "uring_park.hpp"

#include <rt/future.hpp>
#include <rt/io.hpp>
#include <rt/send.hpp>
#include <rt/socket_addr.hpp>
#include <rt/sys.hpp>
#include <rt/sys_socket.hpp>
#include <rt/waker.hpp>

#include <cerrno>
#include <cstddef>
#include <deque>
#include <memory>
#include <string>
#include <utility>

namespace rt::uring {

class TcpStream : public ThreadBound {
  public:
    /// None: may be assigned to and destroyed.
    TcpStream() noexcept = default;
    /// Takes over a connected, *blocking* socket: io_uring waits in the kernel, and would not with O_NONBLOCK. Called inside of
    /// a runtime.
    explicit TcpStream(sys::Fd socket)
        : TcpStream(UringPark::engine_of_current("uring::TcpStream"), std::move(socket)) {}
    TcpStream(Engine& engine, sys::Fd socket) : connection_(Connection::make(engine, std::move(socket))) {}

    /// See `read`.
    class [[nodiscard]] ReadSome {
      public:
        using Output = Chunk;

        ReadSome(Connection& connection, std::size_t max) noexcept : connection_(&connection), max_(max) {}

        Poll<Chunk> poll(Context& cx) {
            contract_.begin("read");
            Poll<Chunk> read = connection_->poll_read(cx, max_);
            if (read.is_pending()) {
                return contract_.pending();
            }
            return read;
        }

      private:
        [[no_unique_address]] Contract contract_;
        Connection* connection_;
        std::size_t max_;
    };

    /// See `write_all`.
    class [[nodiscard]] WriteOwned {
      public:
        using Output = void;

        WriteOwned(Connection& connection, Payload payload) noexcept
            : connection_(&connection), payload_(std::move(payload)) {}
        WriteOwned(WriteOwned&& other) noexcept
            : contract_(std::move(other.contract_)),
              connection_(std::exchange(other.connection_, nullptr)),
              payload_(std::move(other.payload_)) {}
        WriteOwned& operator=(WriteOwned&&) = delete;
        ~WriteOwned() {
            if (is_begun_) {
                connection_->abandon_send();
            }
        }

        Poll<void> poll(Context& cx) {
            contract_.begin("write_all");
            if (!is_begun_) {
                if (Connection::view(payload_).empty()) {
                    return Ready();
                }
                is_begun_ = connection_->begin_send(cx, payload_);
                if (!is_begun_) {
                    return contract_.pending();
                }
            }
            Poll<void> sent = Pending;
            try {
                sent = connection_->poll_sent(cx);
            } catch (...) {
                is_begun_ = false;
                throw;
            }
            if (sent.is_pending()) {
                return contract_.pending();
            }
            is_begun_ = false;
            return Ready();
        }

      private:
        [[no_unique_address]] Contract contract_;
        Connection* connection_;
        Payload payload_;        // until it begins: then it is the connection's
        bool is_begun_ = false;  // and is not over
    };

    /// Some bytes, `max` at most and what one of the engine's buffers holds; the Chunk is empty at the end of the stream. May be
    /// dropped while it waits: nothing is lost.
    ReadSome read(std::size_t max) noexcept { return ReadSome(*connection_, max); }
    /// Sends all of it. Dropped while it waits, it leaves the stream good for nothing but to be closed.
    WriteOwned write_all(Chunk chunk) noexcept { return WriteOwned(*connection_, Payload(std::move(chunk))); }
    WriteOwned write_all(std::string text) noexcept { return WriteOwned(*connection_, Payload(std::move(text))); }
    /// Says that no more will be written.
    Shutdown<TcpStream> shutdown() noexcept { return Shutdown<TcpStream>(*this); }

    // For rt::Shutdown.
    Poll<void> poll_shutdown(Context& cx) {
        if (connection_->poll_idle(cx).is_pending()) {
            return Pending;
        }
        int result = sys::shutdown(connection_->fd(), SHUT_WR);
        if (result < 0 && result != -ENOTCONN) {
            throw sys::error(result, "shutdown");
        }
        return Ready();
    }

    void set_nodelay(bool on) {
        if (int result = sys::set_option(fd(), IPPROTO_TCP, TCP_NODELAY, on ? 1 : 0); result < 0) {
            throw sys::error(result, "set_nodelay");
        }
    }

    int fd() const noexcept { return connection_ ? connection_->fd() : -1; }
    explicit operator bool() const noexcept { return static_cast<bool>(connection_); }

  private:
    Connection::Handle connection_;
};

/// A listening socket: one operation that goes on, and completes with each connection.
class Acceptor final : public Endpoint {
    struct Close {
        void operator()(Acceptor* acceptor) const noexcept { acceptor->close(); }
    };

  public:
    using Handle = std::unique_ptr<Acceptor, Close>;

    static Handle make(Engine& engine, sys::Fd socket) { return Handle(new Acceptor(engine, std::move(socket))); }

    Poll<TcpStream> poll_accept(Context& cx) {
        if (!budget::has_some(cx)) {
            return Pending;
        }
        if (!waiting_.empty()) {
            budget::spend();
            sys::Fd socket = std::move(waiting_.front());
            waiting_.pop_front();
            return Ready(TcpStream(engine(), std::move(socket)));
        }
        if (error_ != 0) {
            throw sys::error(std::exchange(error_, 0), "accept");
        }
        task_ = cx.waker();
        if (!is_accepting_) {
            is_accepting_ = true;
            engine().begin(*this, 0, [this](io_uring_sqe& order) {
                io_uring_prep_multishot_accept(&order, socket_.get(), nullptr, nullptr, SOCK_CLOEXEC);
            });
        }
        return Pending;
    }

    void completed(unsigned, int result, bool is_last, int) noexcept override {
        is_accepting_ = !is_last;
        if (is_last) {
            is_stopping_ = false;
        }
        sys::Fd socket(result);  // closed here, if it comes too late for anyone to take it
        if (is_closed_) {
            return;
        }
        if (socket) {
            waiting_.push_back(std::move(socket));
        } else if (result != -ECANCELED && result != -ECONNABORTED && result != -EINTR) {
            error_ = result;
        }
        if (is_accepting_ && !is_stopping_ && waiting_.size() >= waiting_limit) {
            is_stopping_ = true;
            engine().cancel(*this, 0);
        }
        wake(task_);
    }

    int fd() const noexcept { return socket_.get(); }

  private:
    /// Connections that may lie here accepted and not taken; more wait in the kernel.
    static constexpr std::size_t waiting_limit = 256;

    Acceptor(Engine& engine, sys::Fd socket) noexcept : Endpoint(engine), socket_(std::move(socket)) {}
    ~Acceptor() override = default;

    void close() noexcept {
        is_closed_ = true;
        task_ = Waker();
        waiting_.clear();
        if (is_accepting_) {
            engine().cancel(*this, 0);
        }
        release();
    }

    sys::Fd socket_;
    std::deque<sys::Fd> waiting_;
    Waker task_;
    int error_ = 0;
    bool is_accepting_ = false;
    bool is_stopping_ = false;
    bool is_closed_ = false;
};

class TcpListener : public ThreadBound {
  public:
    /// None: may be assigned to and destroyed.
    TcpListener() noexcept = default;

    /// Listens at `address`. Called inside of a runtime.
    static TcpListener listen(const SocketAddr& address, int backlog) {
        auto require = [&address](int result) {
            if (result < 0) {
                throw sys::error(result, ("cannot listen at " + address.to_string()).c_str());
            }
            return result;
        };
        sys::Fd socket(require(sys::tcp_socket(address.is_v6() ? AF_INET6 : AF_INET, 0)));
        require(sys::set_option(socket.get(), SOL_SOCKET, SO_REUSEADDR, 1));
        require(sys::bind(socket.get(), address.data(), address.size()));
        require(sys::listen(socket.get(), backlog));
        return TcpListener(Acceptor::make(UringPark::engine_of_current("uring::TcpListener"), std::move(socket)));
    }

    /// See `accept`.
    class [[nodiscard]] Accept {
      public:
        using Output = TcpStream;

        explicit Accept(Acceptor& acceptor) noexcept : acceptor_(&acceptor) {}

        Poll<TcpStream> poll(Context& cx) {
            contract_.begin("accept");
            Poll<TcpStream> accepted = acceptor_->poll_accept(cx);
            if (accepted.is_pending()) {
                return contract_.pending();
            }
            return accepted;
        }

      private:
        [[no_unique_address]] Contract contract_;
        Acceptor* acceptor_;
    };

    /// A future of the next connection. Throws EMFILE and its like: wait a little, and accept again.
    Accept accept() noexcept { return Accept(*acceptor_); }

    SocketAddr local_addr() const {
        sockaddr_storage storage{};
        socklen_t size = sizeof storage;
        auto* where = reinterpret_cast<sockaddr*>(&storage);
        if (int result = sys::local_address(acceptor_->fd(), where, &size); result < 0) {
            throw sys::error(result, "local_addr");
        }
        return SocketAddr::from_system(where);
    }

  private:
    explicit TcpListener(Acceptor::Handle acceptor) noexcept : acceptor_(std::move(acceptor)) {}

    Acceptor::Handle acceptor_;
};

}  // namespace rt::uring
