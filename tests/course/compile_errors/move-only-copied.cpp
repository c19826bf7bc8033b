// learner: std::move of a move-only value forgotten
#include <rt/poll.hpp>

#include <memory>

rt::Poll<std::unique_ptr<int>> pour(std::unique_ptr<int> cup) {
    std::unique_ptr<int> mine = cup;
    return rt::Ready(std::move(mine));
}
