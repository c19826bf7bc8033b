// learner: a value that cannot be copied, assigned instead of taken
#include <rt/poll.hpp>

#include <memory>
#include <optional>

struct Cup {
    explicit Cup(rt::Ready<std::unique_ptr<int>>&& ready) { value_ = ready.value(); }
    std::optional<std::unique_ptr<int>> value_;
};
