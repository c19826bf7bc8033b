/// \file
/// `Ring<T>`: values, first in, first out, in one block of memory, which grows as far as it is needed.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

namespace rt {

template <class T>
class Ring {
  public:
    bool is_empty() const noexcept { return size_ == 0; }

    /// Puts `value` at the end. If there is no memory for it, throws and leaves it as it was.
    void push(T&& value) {
        if (size_ == slots_.size()) {
            grow();
        }
        slots_[(first_ + size_) % slots_.size()].emplace(std::move(value));
        ++size_;
    }
    /// Takes the first one out. Called when there is one.
    T pop() noexcept {
        std::optional<T>& slot = slots_[first_];
        T value = std::move(*slot);
        slot.reset();
        first_ = (first_ + 1) % slots_.size();
        --size_;
        return value;
    }

  private:
    void grow() {
        std::vector<std::optional<T>> larger(std::max<std::size_t>(4, 2 * slots_.size()));
        for (std::size_t i = 0; i != size_; ++i) {
            larger[i].emplace(std::move(*slots_[(first_ + i) % slots_.size()]));
        }
        slots_ = std::move(larger);
        first_ = 0;
    }

    std::vector<std::optional<T>> slots_;
    std::size_t first_ = 0;
    std::size_t size_ = 0;
};

}  // namespace rt
