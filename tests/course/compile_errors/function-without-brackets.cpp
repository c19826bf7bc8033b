// learner: a function named, and not called
#include <rt/poll.hpp>

#include <optional>
#include <utility>

struct Cup {
    explicit Cup(rt::Ready<int> ready) { value_ = std::move(ready).take; }
    std::optional<int> value_;
};
