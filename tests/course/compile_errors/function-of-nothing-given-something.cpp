// learner: what takes nothing is handed the value of a Poll<void>
#include <rt/future.hpp>

#include <optional>
#include <utility>

template <class F>
struct Brew {
    F f_;
    std::optional<rt::ReadyFuture<int>> second_;
    void start_second(rt::Poll<void> poll) {
        second_.emplace(std::move(f_)(std::move(poll).value()));
    }
};

inline auto make = [] { return rt::ready(3); };
inline void start(Brew<decltype(make)>& brew) { brew.start_second(rt::Ready()); }
