// learner: the value of a Ready that is to be given away, moved but not taken
#include <rt/poll.hpp>

#include <memory>
#include <optional>
#include <utility>

struct Cup {
    explicit Cup(rt::Ready<std::unique_ptr<int>> ready) { value_ = std::move(ready).value(); }
    std::optional<std::unique_ptr<int>> value_;
};
