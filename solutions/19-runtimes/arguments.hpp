/// \file
/// Given: reads the command line of this lesson's program.
#pragma once

#include <rt/flavor.hpp>
#include <rt/print.hpp>

#include <optional>
#include <string_view>

/// The runtime that the user has chosen, or nothing if a message has been printed.
inline std::optional<rt::Flavor> chosen_flavor(int argc, char** argv) {
    constexpr std::string_view prefix = "--runtime=";
    std::optional<rt::Flavor> flavor = rt::Flavor::current_thread();
    if (argc > 1) {
        std::string_view const argument = argv[1];
        flavor.reset();
        if (argc == 2 && argument.starts_with(prefix)) {
            flavor = rt::Flavor::parse(argument.substr(prefix.size()));
        }
    }
    if (!flavor) {
        rt::eprintln(
            "say --runtime=NAME, where NAME is current_thread, multi_thread, multi_thread:N, poll_loop, or asio");
    } else if (flavor == rt::Flavor::asio() && !rt::has_asio) {
        rt::eprintln("this program was built without Asio. Install libasio-dev and build again.");
        flavor.reset();
    }
    return flavor;
}
