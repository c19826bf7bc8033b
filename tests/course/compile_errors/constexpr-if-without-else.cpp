// learner: map with `if constexpr` and no `else`
#include <rt/poll.hpp>

#include <type_traits>
#include <utility>

template <class F>
auto map(rt::Poll<int> poll, F f) {
    using R = std::invoke_result_t<F&, int>;
    if constexpr (std::is_void_v<R>) {
        f(std::move(poll).value());
        return rt::Poll<void>(rt::Ready<>());
    }
    return rt::Poll<R>(rt::Ready<R>(f(std::move(poll).value())));
}

void boil(rt::Poll<int> poll) {
    auto const ring = [](int) {};
    static_cast<void>(map(std::move(poll), ring));
}
