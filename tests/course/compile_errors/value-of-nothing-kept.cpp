// learner: the value of a Poll<void> is put into a variable
#include <rt/poll.hpp>

#include <utility>

template <class T>
void hand_over(rt::Poll<T> poll) {
    auto value = std::move(poll).value();
    (void)value;
}

inline void start() { hand_over(rt::Poll<void>(rt::Ready())); }
