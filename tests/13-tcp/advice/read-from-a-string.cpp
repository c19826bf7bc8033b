// expect: read can't read from this object. Pass one with `Poll<std::size_t> poll_read(Context&, std::span<char>)`.
#include <rt/io.hpp>

#include <string>

void read_it(std::string& text) {
    char buffer[10];
    rt::read(text, buffer);
}
