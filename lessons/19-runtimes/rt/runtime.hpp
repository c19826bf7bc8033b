/// \file
/// `rt::run(flavor, main)`: runs a program on the runtime that its user chose.
///
/// `spawn`, `sleep`, and `TcpStream` name no runtime, because they use the one that polls them. So a program chooses
/// its runtime here and nowhere else.
///
/// Source: `tokio::runtime::Builder`, and `#[tokio::main]`.
#pragma once

#include <rt/current_thread.hpp>
#include <rt/flavor.hpp>
#include <rt/future.hpp>
#include <rt/hosted.hpp>
#include <rt/multi_thread.hpp>
#include <rt/poll_loop.hpp>
#include <rt/sys_process.hpp>
#include <rt/todo.hpp>

#include <stdexcept>
#include <utility>

#if PBP_HAS_ASIO
#include <rt/asio_host.hpp>
#endif

namespace rt {

// Given: throws `std::runtime_error` if the program was built without Asio.
template <Future F>
OutputOf<F> run_on_asio([[maybe_unused]] F main) {
#if PBP_HAS_ASIO
    Hosted<AsioHost> runtime;
    return runtime.block_on(std::move(main));
#else
    throw std::runtime_error("this program was built without Asio. Install libasio-dev and build again.");
#endif
}

/// Runs `main` on a new runtime until it is done, and destroys the runtime with all tasks that are left. Returns the output of
/// `main`, or throws its exception. Throws `std::runtime_error` if the program was built without this flavor.
template <Future F>
OutputOf<F> run(Flavor flavor, F main) {
    // TODO(19.1) Make the runtime that `flavor` names, and let it run `main`. `flavor.workers` may be 0. For `asio`, call
    // `run_on_asio`.
    todo("19.1 run main on the runtime of this flavor", flavor, main);
}

/// Runs `main` on the calling thread.
template <Future F>
OutputOf<F> run(F main) {
    return run(Flavor::current_thread(), std::move(main));
}

}  // namespace rt
