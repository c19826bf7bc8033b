// learner: a future in an optional, polled without ->
#include <rt/future.hpp>

#include <optional>

struct Brew {
    rt::Poll<int> poll(rt::Context& cx) { return first_.poll(cx); }
    std::optional<rt::ReadyFuture<int>> first_;
};
