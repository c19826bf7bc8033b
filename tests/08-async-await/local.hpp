/// \file
/// A local of a coroutine that takes a note when it is destroyed.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace support {

using Notes = std::vector<std::string>;

/// Takes a note when it is destroyed.
class Local {
  public:
    Local(Notes* notes, std::string name) : notes_(notes), name_(std::move(name)) {}
    Local(const Local&) = delete;
    Local& operator=(const Local&) = delete;
    ~Local() { notes_->push_back("~" + name_); }

  private:
    Notes* notes_;
    std::string name_;
};

}  // namespace support
