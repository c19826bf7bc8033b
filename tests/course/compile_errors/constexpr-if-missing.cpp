// learner: map with a plain `if` for the two kinds of result
#include <rt/poll.hpp>

#include <type_traits>
#include <utility>

template <class R, class F>
rt::Poll<R> map(rt::Poll<int> poll, F f) {
    if (std::is_void_v<R>) {
        f(std::move(poll).value());
        return rt::Ready<>();
    } else {
        return rt::Ready<R>(f(std::move(poll).value()));
    }
}

int boil(rt::Poll<int> poll) {
    auto const twice = [](int n) { return 2 * n; };
    return map<int>(std::move(poll), twice).value();
}
