/// \file
/// `rt::run(flavor, main)`: runs a program on the runtime that its user chose. It is the `#[tokio::main]` of this
/// course.
///
/// `spawn`, `sleep`, and `TcpStream` name no runtime, because they use the one that polls them. So a program chooses
/// its runtime here and nowhere else.
///
/// Source: `tokio::runtime::Builder`.
#pragma once

#include <rt/current_thread.hpp>
#include <rt/flavor.hpp>
#include <rt/future.hpp>
#include <rt/multi_thread.hpp>
#include <rt/sys_process.hpp>

#include <stdexcept>
#include <utility>

#ifndef PBP_HAS_ASIO
#define PBP_HAS_ASIO 0
#endif
#if PBP_HAS_ASIO
#include <rt/asio_runtime.hpp>
#endif

namespace rt {

/// True if this program was built with Asio and can run `Flavor::asio()`.
inline constexpr bool has_asio = PBP_HAS_ASIO != 0;

/// Makes a runtime, runs `main` on it until it is done, and destroys the runtime with all tasks that are left.
/// Returns the output of `main`, or throws its exception. Throws `std::runtime_error` if the program was built
/// without this flavor. Called from ordinary code, usually from `main()`.
template <Future F>
OutputOf<F> run(Flavor flavor, F main) {
    switch (flavor.kind()) {
        case Flavor::Kind::current_thread: {
            CurrentThread runtime;
            return runtime.block_on(std::move(main));
        }
        case Flavor::Kind::multi_thread: {
            MultiThread runtime(flavor.workers() == 0 ? available_parallelism() : flavor.workers());
            return runtime.block_on(std::move(main));
        }
        case Flavor::Kind::asio: break;
    }
#if PBP_HAS_ASIO
    AsioRuntime runtime;
    return runtime.block_on(std::move(main));
#else
    throw std::runtime_error("this program was built without Asio: install libasio-dev and build again");
#endif
}

/// Runs `main` on the calling thread.
template <Future F>
OutputOf<F> run(F main) {
    return run(Flavor::current_thread(), std::move(main));
}

}  // namespace rt
