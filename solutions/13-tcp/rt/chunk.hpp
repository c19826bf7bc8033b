/// \file
/// Given: bytes that were read, and the memory that holds them. You use `with_capacity`, `room`, and `set_size`.
///
/// A server with ten thousand idle connections must not keep ten thousand buffers for bytes that may come. So a read makes
/// its buffer when it tries, and frees it in the same poll if no bytes were there (see `ReadChunk` in io.hpp).
///
/// Source: Tokio's `BytesMut`.
#pragma once

#include <rt/violation.hpp>

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

namespace rt {

class Chunk {
  public:
    /// No bytes: what a read yields at the end of the stream.
    Chunk() noexcept = default;
    /// Room for `capacity` bytes, none of which has been read yet. Called by futures that read.
    static Chunk with_capacity(std::size_t capacity) { return Chunk(capacity); }
    Chunk(Chunk&& other) noexcept
        : memory_(std::move(other.memory_)),
          size_(std::exchange(other.size_, 0)),
          capacity_(std::exchange(other.capacity_, 0)) {}
    Chunk& operator=(Chunk other) noexcept {
        memory_.swap(other.memory_);
        std::swap(size_, other.size_);
        std::swap(capacity_, other.capacity_);
        return *this;
    }

    std::string_view view() const noexcept { return {memory_.get(), size_}; }
    std::size_t size() const noexcept { return size_; }
    bool empty() const noexcept { return size_ == 0; }
    /// False at the end of the stream: `while (Chunk chunk = co_await stream.read(4096)) …`.
    explicit operator bool() const noexcept { return size_ != 0; }

    /// All of the memory. Called by futures that read, which then call `set_size`.
    std::span<char> room() noexcept { return {memory_.get(), capacity_}; }
    /// The first `size` bytes of the room have been read.
    void set_size(std::size_t size) noexcept {
        if (checks_enabled && size > capacity_) {
            violation("a Chunk was given more bytes than it has room for");
        }
        size_ = size;
    }

  private:
    // Not make_unique, which would write zeros first.
    explicit Chunk(std::size_t capacity) : memory_(new char[capacity]), capacity_(capacity) {}

    std::unique_ptr<char[]> memory_;
    std::size_t size_ = 0;
    std::size_t capacity_ = 0;
};

}  // namespace rt
