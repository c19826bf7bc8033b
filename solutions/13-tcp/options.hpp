/// \file
/// Given: the command line of the program.
#pragma once

#include <rt/socket_addr.hpp>

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

#include <fmt/format.h>

struct Options {
    enum class Mode : unsigned char { compare, fetch, fetch_blocking, echo };

    /// Reads what the user typed. Throws `std::invalid_argument` with a sentence for the user.
    static Options parse(std::span<char*> arguments) {
        Options options;
        if (arguments.empty()) {
            options.mode = Mode::compare;
            return options;
        }
        std::string_view first = arguments[0];
        if (first == "echo" && arguments.size() <= 2) {
            options.mode = Mode::echo;
            options.addr = arguments.size() == 2 ? arguments[1] : "127.0.0.1:3000";
            return options;
        }
        if (first == "--blocking") {
            options.mode = Mode::fetch_blocking;
            arguments = arguments.subspan(1);
        }
        if (arguments.size() < 3 || arguments.size() > 4) {
            throw std::invalid_argument(
                "Say HOST PORT PATH [COUNT], as in: localhost 8000 /index.html 10. Or say: echo [HOST:PORT]");
        }
        options.host = arguments[0];
        options.port = rt::HostPort::parse_port(arguments[1]);
        options.path = arguments[2];
        if (!options.path.starts_with('/')) {
            throw std::invalid_argument(fmt::format("'{}' is no path: a path begins with a slash", options.path));
        }
        if (arguments.size() == 4) {
            std::string_view text = arguments[3];
            auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), options.count);
            if (error != std::errc() || end != text.data() + text.size() || options.count == 0) {
                throw std::invalid_argument(fmt::format("'{}' is no count: say how many requests, 1 or more", text));
            }
        }
        return options;
    }

    Mode mode = Mode::fetch;
    std::string addr;  ///< of the echo server
    std::string host;
    std::uint16_t port = 0;
    std::string path;
    std::size_t count = 0;  ///< 0: one request, whose answer is printed
};
