/// \file
/// The exercise of lesson 16, solved: a sum that uses all workers.
#pragma once

#include <rt/async.hpp>
#include <rt/spawn.hpp>
#include <rt/task.hpp>

namespace exercise {

/// f(first) + … + f(last - 1). One half is a task, so an idle worker may steal it. This task goes on with the other half.
template <class F>
rt::Async<long> sum(int first, int last, int grain, F f) {
    if (last - first <= grain) {
        long total = 0;
        for (int n = first; n < last; ++n) {
            total += f(n);
        }
        co_return total;
    }
    int const middle = first + (last - first) / 2;
    rt::JoinHandle<long> left = rt::spawn(sum(first, middle, grain, f));
    long const right = co_await sum(middle, last, grain, f);
    long const total = co_await left;
    co_return total + right;
}

}  // namespace exercise
