/// \file
/// `Connection`: a connected socket under io_uring, as its stream's futures and the kernel share it.
///
/// Receiving is one operation that goes on: it is begun at the first read, and completes whenever bytes have come, with a
/// buffer of the kernel's choice. What nobody has asked for yet lies in a queue; when that grows long, the operation is
/// cancelled, and begun again when the queue has been read: so a client that only sends is told to wait by TCP itself.
///
/// Sending is one operation at a time. What is sent lies here until the completion, whoever has gone meanwhile.
#pragma once

#include "uring_buffers.hpp"
#include "uring_engine.hpp"

#include <rt/budget.hpp>
#include <rt/future.hpp>
#include <rt/sys.hpp>
#include <rt/sys_socket.hpp>
#include <rt/waker.hpp>

#include <cerrno>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace rt::uring {

/// Bytes that are to be sent, with their memory.
using Payload = std::variant<std::monostate, Chunk, std::string>;

class Connection final : public Endpoint {
    struct Close {
        void operator()(Connection* connection) const noexcept { connection->close(); }
    };

  public:
    /// A stream's reference: when it goes, the operations are cancelled, and the socket is closed after the last.
    using Handle = std::unique_ptr<Connection, Close>;

    static Handle make(Engine& engine, sys::Fd socket) { return Handle(new Connection(engine, std::move(socket))); }

    int fd() const noexcept { return socket_.get(); }

    /// The next bytes, `max` at most; an empty Chunk at the end of the stream. Called by one task at a time.
    Poll<Chunk> poll_read(Context& cx, std::size_t max) {
        if (!budget::has_some(cx)) {
            return Pending;
        }
        if (!unread_.is_empty()) {
            budget::spend();
            return Ready(unread_.pop(max));
        }
        if (receive_error_ != 0) {
            has_ended_ = true;  // as with a socket: the error once, then the end
            throw sys::error(std::exchange(receive_error_, 0), "read");
        }
        if (has_ended_) {
            return Ready(Chunk());
        }
        reader_ = cx.waker();
        if (!is_receiving_ && !is_hungry_) {
            receive();
        }
        return Pending;
    }

    /// Begins to send; not while something is being sent: then keeps the waker, and leaves the payload alone.
    bool begin_send(Context& cx, Payload& payload) noexcept {
        if (sending_ != Sending::nothing) {
            writer_ = cx.waker();
            return false;
        }
        payload_ = std::move(payload);
        unsent_ = view(payload_);
        sending_ = Sending::wanted;
        send();
        return true;
    }
    /// Ready when that has been sent; throws why it cannot be.
    Poll<void> poll_sent(Context& cx) {
        if (sending_ == Sending::wanted) {
            writer_ = cx.waker();
            return Pending;
        }
        sending_ = Sending::nothing;
        if (send_result_ < 0) {
            throw sys::error(send_result_, "write");
        }
        return Ready();
    }
    /// Nobody waits for it any more. How much of it was sent is not known, as with any cancelled write.
    void abandon_send() noexcept {
        if (std::exchange(sending_, Sending::nothing) == Sending::wanted) {
            sending_ = Sending::abandoned;
            engine().cancel(*this, send_operation);
        }
    }
    /// Ready when nothing is being sent.
    Poll<void> poll_idle(Context& cx) noexcept {
        if (sending_ == Sending::nothing) {
            return Ready();
        }
        writer_ = cx.waker();
        return Pending;
    }

    static std::string_view view(const Payload& payload) noexcept {
        if (const auto* chunk = std::get_if<Chunk>(&payload)) {
            return chunk->view();
        }
        const auto* text = std::get_if<std::string>(&payload);
        return text == nullptr ? std::string_view() : std::string_view(*text);
    }

    void completed(unsigned which, int result, bool is_last, int buffer) noexcept override {
        which == receive_operation ? received(result, is_last, buffer) : sent(result);
    }
    void buffers_are_back() noexcept override {
        is_hungry_ = false;
        receive_again();
    }

  private:
    enum Operation : unsigned { receive_operation, send_operation };
    enum class Sending : unsigned char { nothing, wanted, abandoned, done };

    /// Filled buffers that may lie here unread. The kernel adds a few more before it hears of the cancellation.
    static constexpr unsigned unread_limit = 8;

    Connection(Engine& engine, sys::Fd socket) noexcept
        : Endpoint(engine), socket_(std::move(socket)), unread_(engine.buffers()) {}
    ~Connection() override = default;

    void close() noexcept {
        is_closed_ = true;
        reader_ = Waker();
        writer_ = Waker();
        unread_.clear();
        if (is_receiving_) {
            engine().cancel(*this, receive_operation);
        }
        if (sending_ == Sending::wanted) {
            abandon_send();
        }
        release();
    }

    void receive() noexcept {
        is_receiving_ = true;
        engine().begin(*this, receive_operation, [this](io_uring_sqe& order) {
            io_uring_prep_recv_multishot(&order, fd(), nullptr, 0, 0);
            order.flags |= IOSQE_BUFFER_SELECT;
            order.buf_group = Buffers::group;
        });
    }
    void receive_again() noexcept {
        bool is_wanted = reader_ && unread_.is_empty() && !has_ended_ && receive_error_ == 0;
        if (is_wanted && !is_closed_ && !engine().is_closed()) {
            receive();
        }
    }

    void received(int result, bool is_last, int buffer) noexcept {
        if (buffer >= 0) {
            unread_.push(static_cast<Buffers::Id>(buffer), result > 0 ? static_cast<std::size_t>(result) : 0);
        }
        if (is_last) {
            is_receiving_ = false;
            is_stopping_ = false;
        }
        if (is_closed_) {
            unread_.clear();
            return;
        }
        if (result == 0) {
            has_ended_ = true;
        } else if (result == -ENOBUFS) {
            is_hungry_ = true;
            engine().wait_for_buffers(*this);
        } else if (result < 0 && result != -ECANCELED && result != -EINTR) {
            receive_error_ = result;
        }
        if (!unread_.is_empty() || has_ended_ || receive_error_ != 0) {
            wake(reader_);
        }
        if (is_receiving_ && !is_stopping_ && unread_.size() >= unread_limit) {
            is_stopping_ = true;
            engine().cancel(*this, receive_operation);
        }
        if (is_last && !is_hungry_) {
            receive_again();
        }
    }

    void send() noexcept {
        engine().begin(*this, send_operation, [this](io_uring_sqe& order) {
            io_uring_prep_send(&order, fd(), unsent_.data(), unsent_.size(), MSG_NOSIGNAL | MSG_WAITALL);
        });
    }
    void sent(int result) noexcept {
        unsent_.remove_prefix(static_cast<std::size_t>(result < 0 ? 0 : result));
        bool goes_on = result > 0 && !unsent_.empty() && sending_ == Sending::wanted;
        if (goes_on && !engine().is_closed()) {
            send();
            return;
        }
        payload_ = std::monostate();
        send_result_ = result;
        sending_ = sending_ == Sending::wanted ? Sending::done : Sending::nothing;
        wake(writer_);
    }

    sys::Fd socket_;
    ChunkQueue unread_;
    Payload payload_;
    std::string_view unsent_;
    Waker reader_;
    Waker writer_;
    int receive_error_ = 0;
    int send_result_ = 0;
    Sending sending_ = Sending::nothing;
    bool is_receiving_ = false;
    bool is_stopping_ = false;
    bool is_hungry_ = false;
    bool has_ended_ = false;
    bool is_closed_ = false;
};

}  // namespace rt::uring
