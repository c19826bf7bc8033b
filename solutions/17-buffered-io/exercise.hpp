/// \file
/// The exercise of lesson 17, solved: `read_body(&reader)` reads a header of lines, and then as many bytes as it says.
#pragma once

#include <rt/async.hpp>
#include <rt/buf_reader.hpp>
#include <rt/io.hpp>

#include <charconv>
#include <cstddef>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

namespace exercise {

/// The number in `text`, which must be one of 0 to 1000.
inline std::size_t parse_length(std::string_view text) {
    std::size_t length = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), length);
    if (error != std::errc() || end != text.data() + text.size() || length > 1000) {
        throw std::runtime_error("the length of a message must be a number from 0 to 1000");
    }
    return length;
}

/// Yields the body of the next message, and nothing at the end of the stream.
template <class R>
rt::Async<std::optional<std::string>> read_body(rt::BufReader<R>* reader) {
    std::size_t length = 0;
    auto line = co_await reader->read_line();
    if (!line) {
        co_return std::nullopt;
    }
    while (!line->empty()) {
        constexpr std::string_view name = "length: ";
        if (line->starts_with(name)) {
            length = parse_length(std::string_view(*line).substr(name.size()));
        }
        line = co_await reader->read_line();
        if (!line) {
            throw std::runtime_error("the stream ended within the header of a message");
        }
    }
    std::string body(length, '\0');
    std::size_t size = 0;
    while (size < length) {
        std::span<char> rest = std::span(body).subspan(size);
        std::size_t count = co_await rt::read(*reader, rest);
        if (count == 0) {
            throw std::runtime_error("the stream ended within the body of a message");
        }
        size += count;
    }
    co_return body;
}

}  // namespace exercise
