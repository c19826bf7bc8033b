/// \file
/// `Engine`: the two queues shared with the kernel, and who waits for what. `Endpoint`: whoever has operations in them.
///
/// The lesson of completion, which readiness does not teach: **an operation outlives the future that asked for it.** To drop
/// a future that waits in epoll is to forget; nothing is under way but a wish to know. To drop one that waits here leaves
/// an operation behind, which the kernel is carrying out: it reads the bytes that are to be sent, it writes into buffers,
/// and it will say so later, to an address that it was given. So, all over this folder:
///
///  - What the kernel works with belongs to the Endpoint, never to the future. `write_all` takes its bytes by value: those
///    of a string_view could be gone before they are sent, and nobody would notice until they are.
///  - An Endpoint counts its operations and lives until the last of them has completed, whoever dropped the stream.
///  - To cancel is one more operation: it asks for an early completion. It may come too late, so whatever can complete after
///    all must be taken care of: bytes that nobody wants go back to the ring, a connection that was accepted for nobody
///    is closed.
///  - The descriptor is closed after the last completion. (To close it earlier stops nothing: the operation holds the file.)
///  - The runtime's memory must not go before the kernel has let go of it. `close` cancels everything and waits. To close
///    the ring alone would not do: the kernel takes it down at its leisure.
///
/// Rust's futures have the same gap between them and io_uring: that is why tokio-uring's reads take their buffer by value.
///
/// Threads: the runtime's only.
#pragma once

#include "uring_buffers.hpp"

#include <rt/send.hpp>
#include <rt/sys.hpp>
#include <rt/violation.hpp>
#include <rt/waker.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <deque>
#include <memory>
#include <utility>

#include <liburing.h>
#include <poll.h>

namespace rt::uring {

class Engine;

/// One socket as the kernel and the tasks share it: made with one reference, its handle's; each operation is another.
class alignas(8) Endpoint {
  public:
    Endpoint(const Endpoint&) = delete;
    Endpoint& operator=(const Endpoint&) = delete;

    void retain() noexcept { ++references_; }
    void release() noexcept {
        if (--references_ == 0) {
            delete this;
        }
    }

    /// Operation `which` has a result: a count, or -errno. `is_last`: it is over, and may be begun again. `buffer` is the
    /// one that the kernel chose, or -1. Called by the engine.
    virtual void completed(unsigned which, int result, bool is_last, int buffer) noexcept = 0;
    /// There are buffers again. Called by the engine, after `wait_for_buffers`.
    virtual void buffers_are_back() noexcept {}

  protected:
    explicit Endpoint(Engine& engine) noexcept;
    virtual ~Endpoint();

    Engine& engine() const noexcept { return engine_; }
    /// Wakes the task that left this waker, if one has.
    static void wake(Waker& waker) noexcept {
        if (waker) {
            std::exchange(waker, Waker()).wake();
        }
    }

  private:
    Engine& engine_;
    std::size_t references_ = 1;
};

class Engine {
    struct Release {
        void operator()(Engine* engine) const noexcept { engine->release(); }
    };

  public:
    using Pointer = std::unique_ptr<Engine, Release>;

    /// Throws what the kernel says: ENOSYS where it has no io_uring, EPERM where it is switched off.
    static Pointer make(BufferLimits limits) { return Pointer(new Engine(limits)); }

    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;

    /// Begins operation `which` (0 to 6) of `endpoint`; `prepare` writes down what it is. The kernel hears of it when the
    /// runtime looks around or sleeps: all that a turn began goes by one call.
    template <class Prepare>
    void begin(Endpoint& endpoint, unsigned which, Prepare prepare) noexcept {
        if (is_closed()) {
            violation("an operation on a socket whose runtime has gone: use it on the runtime that made it");
        }
        bound_.require_own_thread("a uring socket");
        io_uring_sqe& order = next_order();
        prepare(order);
        io_uring_sqe_set_data64(&order, token(endpoint, which));
        endpoint.retain();
        ++under_way_;
    }

    /// Asks for an early end of operation `which`. It completes all the same, with -ECANCELED or with what came before.
    void cancel(Endpoint& endpoint, unsigned which) noexcept {
        if (is_closed_) {
            return;  // it has been cancelled
        }
        io_uring_sqe& order = next_order();
        io_uring_prep_cancel64(&order, token(endpoint, which), 0);
        order.flags |= IOSQE_CQE_SKIP_SUCCESS;
        io_uring_sqe_set_data64(&order, nobody);
    }

    /// Has `endpoint` called when there are buffers again. Called by one that found none.
    void wait_for_buffers(Endpoint& endpoint) {
        ++found_none_;
        if (!is_closed()) {
            endpoint.retain();
            hungry_.push_back(&endpoint);
        }
    }
    Buffers& buffers() noexcept { return *buffers_; }

    /// Hands over what was begun; sleeps until something has completed, if `timeout` says so (null: without end), and tells
    /// the endpoints. Called by the park.
    enum class Wait : unsigned char { no, until_timeout, without_end };
    void turn(Wait wait, __kernel_timespec timeout = {}) noexcept {
        bool may_sleep = feed_the_hungry();
        if (wait == Wait::without_end && may_sleep) {
            io_uring_submit_and_wait(&ring_, 1);
        } else if (wait == Wait::until_timeout && may_sleep) {
            io_uring_cqe* first = nullptr;
            io_uring_submit_and_wait_timeout(&ring_, &first, 1, &timeout, nullptr);
        } else if (has_news_for_kernel() || kernel_has_news()) {
            io_uring_submit_and_get_events(&ring_);
        }
        take_completions();
    }

    /// Watches `fd` for ever: whenever it is written to, the sleep ends. Called by the park for its eventfd.
    void watch(int fd) noexcept {
        watched_ = fd;
        io_uring_sqe& order = next_order();
        io_uring_prep_poll_multishot(&order, fd, POLLIN);
        io_uring_sqe_set_data64(&order, watcher);
    }

    /// Ends every operation and waits until the kernel has said so of each. Called by the park, when the tasks have gone.
    void close() noexcept {
        is_closing_ = true;
        for (Endpoint* endpoint : std::exchange(hungry_, {})) {
            endpoint->release();
        }
        if (under_way_ != 0) {
            io_uring_sqe& order = next_order();
            io_uring_prep_cancel64(&order, 0, IORING_ASYNC_CANCEL_ANY | IORING_ASYNC_CANCEL_ALL);
            io_uring_sqe_set_data64(&order, nobody);
        }
        while (under_way_ != 0) {
            io_uring_submit_and_wait(&ring_, 1);
            take_completions();
        }
        is_closed_ = true;
        io_uring_queue_exit(&ring_);
        buffers_->close();
    }
    /// True once nothing must be begun any more.
    bool is_closed() const noexcept { return is_closed_ || is_closing_; }

    /// How many operations the kernel has, or is about to have. Called by tests.
    std::size_t under_way() const noexcept { return under_way_; }
    /// How often an endpoint has found no buffer. Called by tests.
    std::size_t found_none() const noexcept { return found_none_; }

    void retain() noexcept { ++references_; }
    void release() noexcept {
        if (--references_ == 0) {
            delete this;
        }
    }

  private:
    static constexpr unsigned entries = 1024;   // orders in one call; more go by two
    static constexpr std::uint64_t nobody = 0;  // tokens that are no endpoint's
    static constexpr std::uint64_t watcher = 7;

    explicit Engine(BufferLimits limits) : buffers_(Buffers::make(limits)) {
        io_uring_params how{};
        // One thread has the ring, and takes completions only where it asks for them.
        how.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_TASKRUN_FLAG |
                    IORING_SETUP_CQSIZE | IORING_SETUP_SUBMIT_ALL;
        how.cq_entries = 8 * entries;
        if (int result = io_uring_queue_init_params(entries, &ring_, &how); result < 0) {
            throw sys::error(result, "io_uring_setup");
        }
        io_uring_buf_reg reg = buffers_->registration();
        if (int result = io_uring_register_buf_ring(&ring_, &reg, 0); result < 0) {
            io_uring_queue_exit(&ring_);
            throw sys::error(result, "io_uring_register_buf_ring");
        }
        io_uring_register_ring_fd(&ring_);  // so that the kernel need not look it up at each call; no harm if it cannot
    }
    ~Engine() = default;

    static std::uint64_t token(Endpoint& endpoint, unsigned which) noexcept {
        return reinterpret_cast<std::uintptr_t>(&endpoint) | which;
    }

    io_uring_sqe& next_order() noexcept {
        io_uring_sqe* order = io_uring_get_sqe(&ring_);
        while (order == nullptr) {
            io_uring_submit(&ring_);
            order = io_uring_get_sqe(&ring_);
        }
        return *order;
    }

    bool has_news_for_kernel() noexcept { return io_uring_sq_ready(&ring_) != 0; }
    bool kernel_has_news() const noexcept {
        return (IO_URING_READ_ONCE(*ring_.sq.kflags) & (IORING_SQ_TASKRUN | IORING_SQ_CQ_OVERFLOW)) != 0;
    }

    /// Calls as many of them as there are buffers, and no more: the others would only find none again. False if others are left,
    /// and buffers too, for those called may need none: then nobody sleeps before these have been called.
    bool feed_the_hungry() {
        if (!hungry_.empty() && buffers_->available() == 0) {
            buffers_->grow();
        }
        for (std::size_t left = std::min<std::size_t>(hungry_.size(), buffers_->available()); left != 0; --left) {
            Endpoint* endpoint = hungry_.front();
            hungry_.pop_front();
            endpoint->buffers_are_back();
            endpoint->release();
        }
        return hungry_.empty() || buffers_->available() == 0;
    }

    void take_completions() noexcept {
        io_uring_cqe* completion = nullptr;
        unsigned head = 0;
        unsigned count = 0;
        io_uring_for_each_cqe(&ring_, head, completion) {
            ++count;
            dispatch(*completion);
        }
        io_uring_cq_advance(&ring_, count);
    }

    void dispatch(const io_uring_cqe& completion) noexcept {
        bool is_last = (completion.flags & IORING_CQE_F_MORE) == 0;
        if (completion.user_data == nobody) {
            return;
        }
        if (completion.user_data == watcher) {
            if (is_last && !is_closing_) {
                watch(watched_);
            }
            return;
        }
        auto* endpoint = reinterpret_cast<Endpoint*>(completion.user_data & ~std::uint64_t{7});
        bool has_buffer = (completion.flags & IORING_CQE_F_BUFFER) != 0;
        int buffer = has_buffer ? static_cast<int>(completion.flags >> IORING_CQE_BUFFER_SHIFT) : -1;
        endpoint->completed(static_cast<unsigned>(completion.user_data & 7), completion.res, is_last, buffer);
        if (is_last) {
            --under_way_;
            endpoint->release();
        }
    }

    ThreadBound bound_;
    io_uring ring_{};
    Buffers::Pointer buffers_;
    std::deque<Endpoint*> hungry_;  // a reference each
    std::size_t under_way_ = 0;
    std::size_t found_none_ = 0;
    std::size_t references_ = 1;
    int watched_ = -1;
    bool is_closing_ = false;
    bool is_closed_ = false;
};

inline Endpoint::Endpoint(Engine& engine) noexcept : engine_(engine) { engine.retain(); }
inline Endpoint::~Endpoint() { engine_.release(); }

}  // namespace rt::uring
