// learner: map with a plain `if`, asked for with a value that cannot be copied
#include <rt/poll.hpp>

#include <memory>
#include <type_traits>
#include <utility>

template <class T>
struct Kettle {
    template <class F>
    rt::Poll<std::invoke_result_t<F&, T>> map(F f) {
        if (std::is_void_v<std::invoke_result_t<F&, T>>) {
            f(std::move(value_));
            return rt::Ready();
        }
        return rt::Ready<std::invoke_result_t<F&, T>>(f(std::move(value_)));
    }
    T value_;
};

rt::Poll<int> boil(Kettle<std::unique_ptr<int>> kettle) {
    return kettle.map([](std::unique_ptr<int> degrees) { return *degrees; });
}
