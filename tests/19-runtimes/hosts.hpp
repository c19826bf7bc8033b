/// \file
/// All event loops that can be the host of a `Hosted` in this build.
#pragma once

#include <rt/hosted.hpp>
#include <rt/poll_loop.hpp>
#include <rt/runtime.hpp>
#include <support/story.hpp>

namespace support {

/// Calls `test.operator()<Host>()` for each of them.
template <class Test>
void on_each_host(Test test) {
    step("with PollLoop");
    test.template operator()<rt::PollLoop>();
#if PBP_HAS_ASIO
    step("with Asio");
    test.template operator()<rt::AsioHost>();
#endif
}

/// What makes `host.run_once()` return false.
inline void stop(rt::PollLoop& host) { host.stop(); }
#if PBP_HAS_ASIO
inline void stop(rt::AsioHost& host) { host.io_context().stop(); }
#endif

}  // namespace support
