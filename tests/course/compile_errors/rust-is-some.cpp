// learner: Rust's is_some()
#include <optional>

struct Cup {
    bool is_full() const { return tea_.is_some(); }
    std::optional<int> tea_;
};
