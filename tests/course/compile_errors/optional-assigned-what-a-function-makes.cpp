// learner: the second future is assigned, not built in place; its type is what a function returns
#include <optional>
#include <type_traits>
#include <utility>

struct Future {
    Future() = default;
    Future(Future&&) = default;
    Future& operator=(Future&&) = delete;
};

template <class F>
struct Brew {
    using Second = std::invoke_result_t<F, int>;
    F f_;
    std::optional<Second> second_;
    void start_second(int value) { second_ = std::move(f_)(value); }
};

inline auto make = [](int) { return Future(); };
inline void start(Brew<decltype(make)>& brew) { brew.start_second(1); }
