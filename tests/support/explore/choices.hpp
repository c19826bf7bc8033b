/// \file
/// The choices of an execution, and how the next execution differs: depth first, at random, or as an earlier one.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace explore {

class Choices {
  public:
    explicit Choices(std::optional<std::uint64_t> seed) : is_random_(seed.has_value()), random_(seed.value_or(0)) {}

    /// The choices of an earlier execution, as `order` gives them.
    void replay(std::string_view order) {
        while (!order.empty()) {
            std::string_view const number = order.substr(0, order.find('.'));
            order.remove_prefix(std::min(number.size() + 1, order.size()));
            std::from_chars(number.data(), number.data() + number.size(), choices_.emplace_back().at);
        }
    }

    void begin() { depth_ = 0; }

    /// Another execution, or false if there is none left.
    bool next() {
        while (!choices_.empty()) {
            if (++choices_.back().at < choices_.back().count) {
                return true;
            }
            choices_.pop_back();
        }
        return is_random_;
    }

    /// One of `count`, from 0. A random search calls it for values and surprises only. It chooses threads by priority.
    std::size_t choose(std::size_t count) {
        if (is_random_) {
            return random_() % 2 == 0
                       ? 0
                       : static_cast<std::size_t>(random_() % count);  // often the first, as on most machines
        }
        if (depth_ == choices_.size()) {
            choices_.emplace_back();
        }
        Choice& choice = choices_[depth_++];
        is_same_ = is_same_ && (choice.count == 0 || choice.count == count);
        choice.count = count;
        choice.at = std::min(choice.at, count - 1);
        return choice.at;
    }

    /// False if a body has had other choices when it ran again.
    bool is_same() const noexcept { return is_same_; }
    bool is_random() const noexcept { return is_random_; }
    std::uint64_t random() { return random_(); }

    /// For `replay`.
    std::string order() const {
        std::string text;
        for (std::size_t i = 0; i < depth_; ++i) {
            text += (i == 0 ? "" : ".") + std::to_string(choices_[i].at);
        }
        return text;
    }

  private:
    struct Choice {
        std::size_t at = 0;
        std::size_t count = 0;
    };

    bool is_random_;
    bool is_same_ = true;
    std::mt19937_64 random_;
    std::vector<Choice> choices_;
    std::size_t depth_ = 0;
};

}  // namespace explore
