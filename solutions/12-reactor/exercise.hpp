/// \file
/// The exercise of lesson 12, solved: a doorbell that any thread and any signal handler may ring, and that tasks await.
#pragma once

#include <rt/future.hpp>
#include <rt/io_source.hpp>
#include <rt/sys.hpp>

#include <cstddef>
#include <cstdint>
#include <utility>

namespace exercise {

class Doorbell {
  public:
    Doorbell() : source_(rt::sys::Fd(rt::sys::check(rt::sys::event_fd(), "eventfd"))) {}

    /// Any thread and any signal handler may call it.
    void ring() noexcept {
        constexpr std::uint64_t one = 1;
        rt::sys::write(source_.fd(), {reinterpret_cast<const char*>(&one), sizeof one});
    }

    /// A future of how often the doorbell was rung since the last answer. Waits if that is 0.
    auto rings() {
        auto poll = [this](rt::Context& cx) {
            std::uint64_t count = 0;
            auto read = [&count](int fd) { return rt::sys::read(fd, {reinterpret_cast<char*>(&count), sizeof count}); };
            auto answer = source_.poll_io(cx, rt::Direction::read, rt::IoSource::never_short, "read", read);
            return std::move(answer).map([&count](std::size_t) { return count; });
        };
        return rt::poll_fn(poll);
    }

  private:
    rt::IoSource source_;
};

}  // namespace exercise
