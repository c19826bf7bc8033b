// Echo by standalone Asio, with callbacks: a session that keeps itself alive as long as it has something to wait for.
//
// needs: asio
#include "server.hpp"

#include <cstddef>
#include <memory>
#include <system_error>
#include <utility>

#include <asio/buffer.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/write.hpp>

namespace {

using asio::ip::tcp;

class Session : public std::enable_shared_from_this<Session> {
  public:
    explicit Session(tcp::socket socket)
        : socket_(std::move(socket)), data_(std::make_unique_for_overwrite<char[]>(peer::buffer_size)) {}

    void read() {
        socket_.async_read_some(asio::buffer(data_.get(), peer::buffer_size),
                                [self = shared_from_this()](std::error_code error, std::size_t size) {
                                    if (!error) {
                                        self->write(size);
                                    }
                                });
    }

  private:
    void write(std::size_t size) {
        asio::async_write(socket_, asio::buffer(data_.get(), size),
                          [self = shared_from_this()](std::error_code error, std::size_t) {
                              if (!error) {
                                  self->read();
                              }
                          });
    }

    tcp::socket socket_;
    std::unique_ptr<char[]> data_;
};

class Server {
  public:
    Server(asio::io_context& io, peer::Options options) : acceptor_(io, tcp::v4()) {
        acceptor_.set_option(tcp::acceptor::reuse_address(true));
        acceptor_.bind({asio::ip::address_v4::loopback(), options.port});
        acceptor_.listen(peer::backlog);
        peer::announce(acceptor_.local_endpoint().port());
        accept();
    }

  private:
    void accept() {
        acceptor_.async_accept([this](std::error_code error, tcp::socket socket) {
            if (!error) {
                socket.set_option(tcp::no_delay(true), error);
                std::make_shared<Session>(std::move(socket))->read();
            }
            accept();
        });
    }

    tcp::acceptor acceptor_;
};

}  // namespace

int main(int argc, char** argv) {
    peer::Options options = peer::start(argc, argv);
    asio::io_context io(1);
    Server server(io, options);
    io.run();
}
