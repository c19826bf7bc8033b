/// \file
/// Three services for tests. Each notes when it is destroyed.
#pragma once

#include "notes.hpp"

#include <rt/scheduler.hpp>

namespace support {

/// Where the services note their ends.
inline Notes* service_notes = nullptr;

struct Cellar {
    explicit Cellar(rt::Scheduler&) { ++made; }
    ~Cellar() { service_notes->push_back("cellar gone"); }
    static inline int made = 0;
};
struct Kitchen {
    explicit Kitchen(rt::Scheduler&) {}
    ~Kitchen() { service_notes->push_back("kitchen gone"); }
};
/// Needs a cellar, and makes it if there is none.
struct House {
    explicit House(rt::Scheduler& scheduler) : cellar(scheduler.service<Cellar>()) {}
    ~House() { service_notes->push_back("house gone"); }
    Cellar& cellar;
};

}  // namespace support
