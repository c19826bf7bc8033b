/// \file
/// Given: the command line of the program.
#pragma once

#include <charconv>
#include <cstddef>
#include <limits>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

#include <fmt/format.h>

struct Options {
    /// Reads what the user typed. Throws `std::invalid_argument` with a sentence for the user.
    static Options parse(std::span<char*> arguments) {
        Options options;
        if (arguments.empty()) {
            options.is_demo = true;
            return options;
        }
        std::string_view const mode = arguments[0];
        std::size_t i = 1;
        if (mode == "proxy" && arguments.size() > 1) {
            options.proxy_to = arguments[i++];
        } else if (mode != "serve") {
            throw misunderstood(mode);
        }
        for (; i < arguments.size(); ++i) {
            std::string_view option = arguments[i];
            if (option == "--spawn" && mode == "serve") {
                options.spawn = true;
                continue;
            }
            if (option != "--addr" && !(option == "--clients" && mode == "serve")) {
                throw misunderstood(option);
            }
            if (++i == arguments.size()) {
                throw std::invalid_argument(fmt::format("{} needs a value", option));
            }
            std::string_view value = arguments[i];
            if (option == "--addr") {
                options.addr = value;
                continue;
            }
            auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), options.clients);
            if (error != std::errc() || end != value.data() + value.size() || options.clients < 1) {
                throw std::invalid_argument(fmt::format("--clients needs a number of 1 or more, not '{}'", value));
            }
        }
        return options;
    }

    bool is_demo = false;
    std::string proxy_to;  ///< "host:port". If it is empty, the program is the greeter
    bool spawn = false;
    std::string addr = "127.0.0.1:3000";
    int clients = std::numeric_limits<int>::max();

  private:
    static std::invalid_argument misunderstood(std::string_view argument) {
        return std::invalid_argument(fmt::format(
            "'{}' means nothing here: say serve [--spawn] [--addr HOST:PORT] [--clients N], or proxy HOST:PORT [--addr HOST:PORT], "
            "or nothing",
            argument));
    }
};
