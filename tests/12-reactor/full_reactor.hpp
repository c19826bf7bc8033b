/// \file
/// `FullIoSource`: an IoSource whose reactor has no room for another descriptor until the test says so.
#pragma once

#include <rt/budget.hpp>
#include <rt/future.hpp>
#include <rt/io_table.hpp>
#include <rt/print.hpp>
#include <rt/reactor.hpp>
#include <rt/scheduler.hpp>
#include <rt/sys.hpp>
#include <rt/violation.hpp>

#include <cerrno>

namespace rt {

/// A service in place of the Reactor. While `is_full`, it answers like epoll_ctl when fs.epoll.max_user_watches is reached, or when
/// the kernel has no memory left (-ENOMEM).
class FullReactor {
  public:
    explicit FullReactor(Scheduler& scheduler) : reactor(scheduler) {}

    Registration add(int fd) { return is_full ? throw sys::error(answer, "epoll_ctl") : reactor.add(fd); }

    Reactor reactor;
    bool is_full = true;
    int answer = -ENOSPC;
};

}  // namespace rt

#define Reactor FullReactor
#define IoSource FullIoSource
#include <rt/io_source.hpp>
#undef Reactor
#undef IoSource
