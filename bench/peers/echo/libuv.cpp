// Echo by libuv: a buffer is made when there is something to read, and freed when it has been written.
//
// While libuv has to keep an answer that the kernel refused, the connection is not read.
//
// needs: libuv
#include "server.hpp"

#include <cstddef>
#include <cstdlib>

#include <uv.h>

namespace {

std::size_t buffer_size = 0;

struct Connection {
    uv_tcp_t socket{};
};

struct Answer {
    uv_write_t request{};
    char* data = nullptr;
};

void close_connection(uv_stream_t* stream) {
    if (uv_is_closing(reinterpret_cast<uv_handle_t*>(stream)) == 0) {
        uv_close(reinterpret_cast<uv_handle_t*>(stream),
                 [](uv_handle_t* handle) { delete static_cast<Connection*>(handle->data); });
    }
}

void on_alloc(uv_handle_t*, std::size_t, uv_buf_t* buffer) {
    *buffer = uv_buf_init(static_cast<char*>(std::malloc(buffer_size)), static_cast<unsigned>(buffer_size));
}

void on_read(uv_stream_t* stream, ssize_t got, const uv_buf_t* buffer);

void on_written(uv_write_t* request, int status) {
    auto* answer = static_cast<Answer*>(request->data);
    uv_stream_t* stream = request->handle;
    std::free(answer->data);
    delete answer;
    if (status < 0) {
        close_connection(stream);
    } else if (uv_is_closing(reinterpret_cast<uv_handle_t*>(stream)) == 0) {
        uv_read_start(stream, on_alloc, on_read);  // says UV_EALREADY where reading was never stopped
    }
}

void on_read(uv_stream_t* stream, ssize_t got, const uv_buf_t* buffer) {
    if (got <= 0) {
        std::free(buffer->base);
        if (got < 0) {
            close_connection(stream);
        }
        return;
    }
    auto* answer = new Answer;
    answer->request.data = answer;
    answer->data = buffer->base;
    uv_buf_t message = uv_buf_init(buffer->base, static_cast<unsigned>(got));
    if (uv_write(&answer->request, stream, &message, 1, on_written) < 0) {
        std::free(answer->data);
        delete answer;
        close_connection(stream);
    } else if (uv_stream_get_write_queue_size(stream) != 0) {
        uv_read_stop(stream);
    }
}

void on_connection(uv_stream_t* listener, int status) {
    if (status < 0) {
        return;
    }
    auto* connection = new Connection;
    connection->socket.data = connection;
    uv_tcp_init(listener->loop, &connection->socket);
    auto* stream = reinterpret_cast<uv_stream_t*>(&connection->socket);
    if (uv_accept(listener, stream) < 0) {
        close_connection(stream);
        return;
    }
    uv_tcp_nodelay(&connection->socket, 1);
    uv_read_start(stream, on_alloc, on_read);
}

}  // namespace

int main(int argc, char** argv) {
    peer::Options options = peer::start(argc, argv);
    buffer_size = options.buffer;
    uv_loop_t* loop = uv_default_loop();
    uv_tcp_t listener;
    sockaddr_in address{};
    uv_ip4_addr("127.0.0.1", options.port, &address);
    uv_tcp_init(loop, &listener);
    uv_tcp_bind(&listener, reinterpret_cast<const sockaddr*>(&address), 0);  // SO_REUSEADDR is libuv's own habit
    if (int error = uv_listen(reinterpret_cast<uv_stream_t*>(&listener), peer::backlog, on_connection); error < 0) {
        std::fprintf(stderr, "listen: %s\n", uv_strerror(error));
        return 1;
    }
    int size = sizeof address;
    uv_tcp_getsockname(&listener, reinterpret_cast<sockaddr*>(&address), &size);
    peer::announce(ntohs(address.sin_port));
    return uv_run(loop, UV_RUN_DEFAULT);
}
