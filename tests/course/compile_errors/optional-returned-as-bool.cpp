// learner: an optional returned where bool is wanted
#include <optional>

struct Cup {
    bool is_full() const { return tea_; }
    std::optional<int> tea_;
};
