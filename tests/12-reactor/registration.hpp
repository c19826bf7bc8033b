/// \file
/// What the tests of the reactor ask of a registration.
#pragma once

#include <rt/reactor.hpp>

/// Clears what is assumed at birth, so that only events set anything.
inline void refuse(rt::Registration& registration) {
    rt::ReadinessWord& word = registration.record().readiness;
    word.clear_refused(rt::Direction::read, word.load());
    word.clear_refused(rt::Direction::write, word.load());
}

inline bool is_ready(rt::Registration& registration, rt::Direction direction) {
    return registration.record().readiness.load().allows(direction);
}
