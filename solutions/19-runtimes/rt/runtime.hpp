/// \file
/// `rt::run(flavor, main)`: one program, whichever runtime. The `#[tokio::main]` of this course.
///
/// A program is written against `spawn`, `sleep`, `TcpStream`, and none of these names a runtime: they ask `current()`. So
/// the choice is made in one place, here, and may be an option of the program.
#pragma once

#include <rt/current_thread.hpp>
#include <rt/flavor.hpp>
#include <rt/future.hpp>
#include <rt/multi_thread.hpp>

#include <stdexcept>
#include <type_traits>
#include <utility>

#ifndef PBP_HAS_ASIO
#define PBP_HAS_ASIO 0
#endif
#if PBP_HAS_ASIO
#include <rt/asio_runtime.hpp>
#endif

namespace rt {

/// True if this program was built with Asio, so that `Flavor::asio()` can run.
inline constexpr bool has_asio = PBP_HAS_ASIO != 0;

/// Makes a runtime of that flavor, runs `main` on it to its end, and takes the runtime down again with all tasks that are
/// left. Returns what `main` yields, or throws what it throws; `std::runtime_error` if the flavor was not built in. Called
/// from ordinary code, usually from `main()`.
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

/// As above, on the thread that calls it.
template <Future F>
OutputOf<F> run(F main) {
    return run(Flavor::current_thread(), std::move(main));
}

}  // namespace rt
