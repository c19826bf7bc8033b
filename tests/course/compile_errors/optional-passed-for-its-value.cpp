// learner: an optional passed where its value is wanted
#include <optional>

template <class F>
int apply(F f, std::optional<int>& value) {
    return f(value);
}

int pour(std::optional<int> cups) {
    auto const twice = [](int n) { return 2 * n; };
    return apply(twice, cups);
}
