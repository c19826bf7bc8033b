/// \file
/// Notes of what happened, and who takes them: a task at each of its turns, an object when it goes.
#pragma once

#include <rt/async.hpp>
#include <rt/yield_now.hpp>

#include <string>
#include <utility>
#include <vector>

namespace support {

using Notes = std::vector<std::string>;

/// Notes each of its turns, and yields in between.
inline rt::Async<> take_turns(Notes* notes, std::string name, int turns) {
    for (int turn = 1; turn <= turns; ++turn) {
        notes->push_back(name + std::to_string(turn));
        co_await rt::yield_now();
    }
}

/// Writes a line when it goes, if it was not moved away.
class Leaves {
  public:
    Leaves(Notes& notes, std::string line) : notes_(&notes), line_(std::move(line)) {}
    Leaves(Leaves&& other) noexcept : notes_(std::exchange(other.notes_, nullptr)), line_(std::move(other.line_)) {}
    ~Leaves() {
        if (notes_ != nullptr) {
            notes_->push_back(line_);
        }
    }

  private:
    Notes* notes_;
    std::string line_;
};

}  // namespace support
