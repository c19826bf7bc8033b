// expect: poll_io can't call op(fd). Let op take an int and return a count or -errno.
#include <rt/io_source.hpp>

rt::Poll<std::size_t> poll(rt::IoSource& source, rt::Context& cx) {
    return source.poll_io(cx, rt::Direction::read, 0, "read", [](int) {});
}
