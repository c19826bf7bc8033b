/// Given: how the command line is read. You use nothing of it.
#include "options.hpp"

#include <charconv>
#include <stdexcept>
#include <string_view>
#include <system_error>

#include <fmt/format.h>
#include <getopt.h>

namespace {

/// A number from `least` to `most`, of what an option says.
long number(std::string_view option, std::string_view text, long least, long most) {
    long value = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value < least || value > most) {
        throw std::invalid_argument(
            fmt::format("--{} needs a whole number from {} to {}, not '{}'", option, least, most, text));
    }
    return value;
}

rt::Flavor flavor_named(std::string_view text) {
    if (auto found = rt::Flavor::parse(text)) {
        return *found;
    }
    throw std::invalid_argument(
        fmt::format("--runtime needs current_thread, multi_thread, multi_thread:N, poll_loop or asio, not '{}'", text));
}

}  // namespace

Options Options::parse(int argc, char** argv) {
    Options options;
    std::string_view mode = argc < 2 ? "--help" : argv[1];
    if (mode == "--help" || mode == "-h") {
        return options;
    }
    if (mode != "serve" && mode != "demo") {
        throw std::invalid_argument(fmt::format("'{}' is neither serve nor demo; see --help", mode));
    }
    bool serves = mode == "serve";
    options.mode = serves ? Mode::serve : Mode::demo;
    if (serves) {
        options.addr = "127.0.0.1:3001";
    }

    enum : int { for_addr = 1, for_runtime, for_connections, for_idle, for_drain, for_clients, for_help };
    static const option common[] = {{"addr", required_argument, nullptr, for_addr},
                                    {"runtime", required_argument, nullptr, for_runtime},
                                    {"help", no_argument, nullptr, for_help},
                                    {"max-connections", required_argument, nullptr, for_connections},
                                    {"idle-timeout", required_argument, nullptr, for_idle},
                                    {"drain-timeout", required_argument, nullptr, for_drain},
                                    {nullptr, 0, nullptr, 0}};
    static const option for_demo[] = {common[0],
                                      common[1],
                                      common[2],
                                      {"clients", required_argument, nullptr, for_clients},
                                      {nullptr, 0, nullptr, 0}};
    opterr = 0;  // the sentences are ours
    char** arguments = argv + 1;
    int count = argc - 1;
    for (;;) {
        int before = optind;
        switch (getopt_long(count, arguments, ":", serves ? common : for_demo, nullptr)) {
            case for_addr: options.addr = optarg; break;
            case for_runtime: options.flavor = flavor_named(optarg); break;
            case for_connections:
                options.limits.connections = static_cast<std::size_t>(number("max-connections", optarg, 1, 1'000'000));
                break;
            case for_idle: options.idle = std::chrono::seconds(number("idle-timeout", optarg, 1, 31'536'000)); break;
            case for_drain:
                options.limits.drain = std::chrono::seconds(number("drain-timeout", optarg, 0, 31'536'000));
                break;
            case for_clients: options.clients = static_cast<int>(number("clients", optarg, 1, 1'000'000)); break;
            case for_help: options.mode = Mode::help; return options;
            case ':': throw std::invalid_argument(fmt::format("{} needs a value; see --help", arguments[before]));
            case -1:
                if (optind < count) {
                    throw std::invalid_argument(fmt::format("'{}' is not understood; see --help", arguments[optind]));
                }
                return options;
            default:
                throw std::invalid_argument(
                    fmt::format("'{}' is no option of {}; see --help", arguments[before], mode));
        }
    }
}
