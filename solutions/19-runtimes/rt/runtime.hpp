/// \file
/// `rt::run(flavor, main)`: runs a program on the runtime that its user chose.
///
/// `spawn`, `sleep`, and `TcpStream` name no runtime, because they use the one that polls them. So a program chooses
/// its runtime here and nowhere else.
///
/// Source: `tokio::runtime::Builder`, and `#[tokio::main]`.
#pragma once

#include <rt/current_thread.hpp>
#include <rt/future.hpp>
#include <rt/multi_thread.hpp>
#include <rt/sys_process.hpp>

#include <charconv>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#ifndef PBP_HAS_ASIO
#define PBP_HAS_ASIO 0
#endif
#if PBP_HAS_ASIO
#include <rt/asio_runtime.hpp>
#endif

namespace rt {

// Given: the runtime that the user of a program chooses on the command line.
struct Flavor {
    enum class Kind : unsigned char { current_thread, multi_thread, asio };

    /// The calling thread runs all tasks.
    static constexpr Flavor current_thread() noexcept { return {Kind::current_thread, 0}; }
    /// `count` threads run the tasks. 0 means as many as the machine can run at once.
    static constexpr Flavor multi_thread(unsigned count = 0) noexcept { return {Kind::multi_thread, count}; }
    /// The calling thread runs all tasks inside Asio's event loop. It needs a build with Asio, see `has_asio`.
    static constexpr Flavor asio() noexcept { return {Kind::asio, 0}; }

    /// Reads `current_thread`, `multi_thread`, `multi_thread:N` with N from 1 to 1024, or `asio`. Any other text
    /// gives `std::nullopt`.
    static std::optional<Flavor> parse(std::string_view text) {
        constexpr std::string_view with_workers = "multi_thread:";
        unsigned count = 0;
        if (text.starts_with(with_workers)) {
            std::from_chars(text.data() + with_workers.size(), text.data() + text.size(), count);
        }
        for (Flavor flavor : {current_thread(), multi_thread(count), asio()}) {
            if (count <= 1024 && text == flavor.to_string()) {
                return flavor;
            }
        }
        return std::nullopt;
    }

    /// The text that `parse` reads.
    std::string to_string() const {
        constexpr const char* names[] = {"current_thread", "multi_thread", "asio"};
        const char* name = names[static_cast<int>(kind)];
        return workers == 0 ? name : fmt::format("{}:{}", name, workers);
    }

    friend constexpr bool operator==(Flavor, Flavor) noexcept = default;

    Kind kind;
    unsigned workers;  // as for `multi_thread`
};

/// True if this program was built with Asio and can run `Flavor::asio()`.
inline constexpr bool has_asio = PBP_HAS_ASIO != 0;

/// Runs `main` on a new runtime until it is done, and destroys the runtime with all tasks that are left. Returns the output of
/// `main`, or throws its exception. Throws `std::runtime_error` if the program was built without this flavor.
template <Future F>
OutputOf<F> run(Flavor flavor, F main) {
    switch (flavor.kind) {
        case Flavor::Kind::current_thread: {
            CurrentThread runtime;
            return runtime.block_on(std::move(main));
        }
        case Flavor::Kind::multi_thread: {
            MultiThread runtime(flavor.workers == 0 ? available_parallelism() : flavor.workers);
            return runtime.block_on(std::move(main));
        }
        case Flavor::Kind::asio: break;
    }
#if PBP_HAS_ASIO
    AsioRuntime runtime;
    return runtime.block_on(std::move(main));
#else
    throw std::runtime_error("this program was built without Asio. Install libasio-dev and build again.");
#endif
}

/// Runs `main` on the calling thread.
template <Future F>
OutputOf<F> run(F main) {
    return run(Flavor::current_thread(), std::move(main));
}

}  // namespace rt
