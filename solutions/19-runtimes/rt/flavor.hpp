/// \file
/// Given: `Flavor`, the runtime that the user of a program chooses on the command line. You use `kind` and `workers`.
#pragma once

#include <charconv>
#include <optional>
#include <string>
#include <string_view>

#include <fmt/format.h>

#ifndef PBP_HAS_ASIO
#define PBP_HAS_ASIO 0
#endif

namespace rt {

struct Flavor {
    enum class Kind : unsigned char { current_thread, multi_thread, poll_loop, asio };

    /// The calling thread runs all tasks.
    static constexpr Flavor current_thread() noexcept { return {Kind::current_thread, 0}; }
    /// `count` threads run the tasks. 0 means as many as the machine can run at once.
    static constexpr Flavor multi_thread(unsigned count = 0) noexcept { return {Kind::multi_thread, count}; }
    /// The calling thread runs all tasks inside a `PollLoop`.
    static constexpr Flavor poll_loop() noexcept { return {Kind::poll_loop, 0}; }
    /// The calling thread runs all tasks inside Asio's event loop. It needs a build with Asio, see `has_asio`.
    static constexpr Flavor asio() noexcept { return {Kind::asio, 0}; }

    /// Reads `current_thread`, `multi_thread`, `multi_thread:N` with N from 1 to 1024, `poll_loop`, or `asio`. Any other
    /// text gives `std::nullopt`.
    static std::optional<Flavor> parse(std::string_view text) {
        constexpr std::string_view with_workers = "multi_thread:";
        unsigned count = 0;
        if (text.starts_with(with_workers)) {
            std::from_chars(text.data() + with_workers.size(), text.data() + text.size(), count);
        }
        for (Flavor flavor : {current_thread(), multi_thread(count), poll_loop(), asio()}) {
            if (count <= 1024 && text == flavor.to_string()) {
                return flavor;
            }
        }
        return std::nullopt;
    }

    /// The text that `parse` reads.
    std::string to_string() const {
        constexpr const char* names[] = {"current_thread", "multi_thread", "poll_loop", "asio"};
        const char* name = names[static_cast<int>(kind)];
        return workers == 0 ? name : fmt::format("{}:{}", name, workers);
    }

    friend constexpr bool operator==(Flavor, Flavor) noexcept = default;

    Kind kind;
    unsigned workers;  // as for `multi_thread`
};

/// True if this program was built with Asio and can run `Flavor::asio()`.
inline constexpr bool has_asio = PBP_HAS_ASIO != 0;

}  // namespace rt
