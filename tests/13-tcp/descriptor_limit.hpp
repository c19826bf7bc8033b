/// \file
/// A process that has no descriptor left.
#pragma once

#include <rt/sys.hpp>

#include <doctest/doctest.h>

#include <unistd.h>

#include <sys/resource.h>

namespace support {

/// While it exists, this process can open `more` descriptors than are open now.
class DescriptorLimit {
  public:
    explicit DescriptorLimit(int more) {
        REQUIRE(::getrlimit(RLIMIT_NOFILE, &before_) == 0);
        rlimit limit = before_;
        int highest = ::dup(0);  // the lowest number that is free; all below are taken
        REQUIRE(highest >= 0);
        rt::sys::close(highest);
        limit.rlim_cur = static_cast<rlim_t>(highest + more);
        REQUIRE(::setrlimit(RLIMIT_NOFILE, &limit) == 0);
    }
    DescriptorLimit(const DescriptorLimit&) = delete;
    DescriptorLimit& operator=(const DescriptorLimit&) = delete;
    ~DescriptorLimit() { ::setrlimit(RLIMIT_NOFILE, &before_); }

  private:
    rlimit before_{};
};

}  // namespace support
