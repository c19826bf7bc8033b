// Rung 8: io_uring. We do not ask when something can be done, we order it, and hear when it has been done.
//
// Each client has one order under way: a receive, or a send. All orders of a turn go to the kernel by one call, which also
// waits for the next completion.
//
// needs: liburing
#include "../echo/server.hpp"

#include <cstddef>
#include <cstdio>
#include <memory>

#include <liburing.h>

namespace {

io_uring ring;

io_uring_sqe* next_order(void* client) {
    io_uring_sqe* order = io_uring_get_sqe(&ring);
    if (order == nullptr) {
        io_uring_submit(&ring);
        order = io_uring_get_sqe(&ring);
    }
    io_uring_sqe_set_data(order, client);
    return order;
}

class Client {
  public:
    Client(int fd, std::size_t size) : fd_(fd), size_(size), buffer_(std::make_unique_for_overwrite<char[]>(size)) {
        receive();
    }
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;
    ~Client() { ::close(fd_); }

    /// Its order has been carried out, with this result.
    void completed(int result) {
        if (result <= 0) {
            delete this;
        } else if (begin_ == end_) {
            begin_ = 0;
            end_ = static_cast<std::size_t>(result);
            send();
        } else if ((begin_ += static_cast<std::size_t>(result)) == end_) {
            receive();
        } else {
            send();
        }
    }

  private:
    void receive() { io_uring_prep_recv(next_order(this), fd_, buffer_.get(), size_, 0); }
    void send() { io_uring_prep_send(next_order(this), fd_, buffer_.get() + begin_, end_ - begin_, 0); }

    int fd_;
    std::size_t size_;
    std::unique_ptr<char[]> buffer_;  // the kernel's, while an order is under way
    std::size_t begin_ = 0;           // what is to be sent lies between these; nothing, while we receive
    std::size_t end_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
    peer::Options options = peer::start(argc, argv);
    io_uring_params how{};
    how.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN;
    if (int error = io_uring_queue_init_params(4096, &ring, &how); error < 0) {
        std::fprintf(stderr, "this kernel gives no io_uring (error %d)\n", -error);
        return 1;
    }
    int listener = peer::listen_at(options.port, 0);
    io_uring_prep_multishot_accept(next_order(nullptr), listener, nullptr, nullptr, 0);
    for (;;) {
        io_uring_submit_and_wait(&ring, 1);
        io_uring_cqe* completion = nullptr;
        unsigned head = 0;
        unsigned count = 0;
        io_uring_for_each_cqe(&ring, head, completion) {
            ++count;
            if (auto* client = static_cast<Client*>(io_uring_cqe_get_data(completion))) {
                client->completed(completion->res);
                continue;
            }
            if (completion->res >= 0) {
                peer::set_nodelay(completion->res);
                new Client(completion->res, options.buffer);  // deletes itself
            }
            if ((completion->flags & IORING_CQE_F_MORE) == 0) {
                io_uring_prep_multishot_accept(next_order(nullptr), listener, nullptr, nullptr, 0);
            }
        }
        io_uring_cq_advance(&ring, count);
    }
}
