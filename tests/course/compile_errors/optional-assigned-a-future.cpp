// learner: a future put into an optional with =
#include <optional>

struct Future {
    explicit Future(int value) : value_(value) {}
    Future(Future&&) = default;
    Future& operator=(Future&&) = delete;
    int value_;
};

struct Brew {
    void start_second() { second_ = Future(3); }
    std::optional<Future> second_;
};
