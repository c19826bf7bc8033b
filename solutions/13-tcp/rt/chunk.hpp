/// \file
/// Given: `Chunk`, bytes that were read, and the memory that holds them. You make one in `read`, and use `data()` and `view()`.
///
/// A server with ten thousand idle connections must not keep ten thousand buffers for bytes that may come. So a read makes its
/// buffer when it tries, and frees it in the same poll if no bytes were there.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <utility>

namespace rt {

class Chunk {
  public:
    /// No bytes: what a read yields at the end of the stream.
    Chunk() noexcept = default;
    /// The first `size` bytes of `memory`. Called by futures that read.
    Chunk(std::unique_ptr<char[]> memory, std::size_t size) noexcept : memory_(std::move(memory)), size_(size) {}

    char* data() noexcept { return memory_.get(); }
    std::string_view view() const noexcept { return {memory_.get(), size()}; }
    std::size_t size() const noexcept { return memory_ ? size_ : 0; }
    bool empty() const noexcept { return size() == 0; }
    /// False at the end of the stream: `while (Chunk chunk = co_await stream.read(4096)) …`.
    explicit operator bool() const noexcept { return !empty(); }

  private:
    std::unique_ptr<char[]> memory_;
    std::size_t size_ = 0;  // while there is memory
};

}  // namespace rt
