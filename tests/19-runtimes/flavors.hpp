/// \file
/// All runtimes of this build.
#pragma once

#include <rt/flavor.hpp>

#include <vector>

namespace support {

inline std::vector<rt::Flavor> all_flavors() {
    std::vector<rt::Flavor> flavors{rt::Flavor::current_thread(), rt::Flavor::multi_thread(1),
                                    rt::Flavor::multi_thread(3), rt::Flavor::poll_loop()};
    if (rt::has_asio) {
        flavors.push_back(rt::Flavor::asio());
    }
    return flavors;
}

}  // namespace support
