/// \file
/// What the tests of bench/uring share: a check that names itself, sockets that belong together, a runtime over io_uring.
#pragma once

#include <rt/async.hpp>
#include <rt/current_thread.hpp>
#include <rt/sys.hpp>
#include <uring_park.hpp>
#include <uring_tcp.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

/// Says what was not so, and ends the tests.
void check(bool good, const char* what);

/// A runtime that sleeps in io_uring.
class UringRuntime {
  public:
    explicit UringRuntime(rt::uring::BufferLimits limits = {}) : park_(limits), runtime_(park_) {
        runtime_.adopt_service(park_);
    }

    template <class F>
    auto block_on(F future) {
        return runtime_.block_on(std::move(future));
    }
    /// Lets tasks and kernel go on until nothing is under way.
    void settle() {
        while (engine().under_way() != 0) {
            runtime_.turn();
        }
    }
    void turn() { runtime_.turn(); }
    rt::uring::Engine& engine() noexcept { return park_.engine(); }

  private:
    rt::uring::UringPark park_;
    rt::CurrentThread runtime_;
};

/// The two ends of a connection over loopback, blocking both.
struct Ends {
    rt::sys::Fd here;
    rt::sys::Fd there;
};
Ends connected();

/// Blocking calls on an end that the test holds itself.
void put(const rt::sys::Fd& socket, std::string_view text);
/// So many bytes, or what comes before the end.
std::string fetch(const rt::sys::Fd& socket, std::size_t size);
/// Makes the socket's memory for sending and receiving as small as the system lets it be.
void make_narrow(const rt::sys::Fd& socket);
int open_descriptors();
/// Bytes that look like no others of another seed.
std::string pattern(std::size_t size, unsigned seed);

// The tests, by file.
void drops();
void buffers();
void streams();
