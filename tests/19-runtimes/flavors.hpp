/// \file
/// The runtimes that there are.
#pragma once

#include <rt/runtime.hpp>

#include <vector>

namespace support {

inline std::vector<rt::Flavor> all_flavors() {
    std::vector<rt::Flavor> flavors{rt::Flavor::current_thread(), rt::Flavor::multi_thread(1),
                                    rt::Flavor::multi_thread(3)};
    if (rt::has_asio) {
        flavors.push_back(rt::Flavor::asio());
    }
    return flavors;
}

}  // namespace support
