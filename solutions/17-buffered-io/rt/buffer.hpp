/// \file
/// Given: where a BufReader keeps bytes that were read and have not been taken yet. You use `view`, `consume`, and
/// `poll_fill`.
///
/// A Buffer holds memory only while it holds bytes, so a task that waits for the first byte has none.
///
///   [ taken | bytes: view() | room for more ]
#pragma once

#include <rt/chunk.hpp>
#include <rt/future.hpp>

#include <algorithm>
#include <cstddef>
#include <span>
#include <string_view>
#include <utility>

namespace rt {

class Buffer {
  public:
    /// The memory has `first_size` bytes at first, and doubles whenever it is full.
    explicit Buffer(std::size_t first_size) noexcept : first_size_(first_size) {}
    Buffer(Buffer&& other) noexcept
        : first_size_(other.first_size_), memory_(std::move(other.memory_)), taken_(std::exchange(other.taken_, 0)) {}

    /// The bytes. Valid until the next call of a function that is not const.
    std::string_view view() const noexcept { return memory_.view().substr(taken_); }
    bool empty() const noexcept { return view().empty(); }

    /// Takes the first `count` bytes out.
    void consume(std::size_t count) noexcept {
        taken_ += count;
        free_if_empty();
    }

    /// Reads some bytes behind those that are there. Yields false at the end of the stream. If it is Pending or throws, the
    /// bytes are still there.
    template <class R>
    Poll<bool> poll_fill(Context& cx, R& reader) {
        make_room();
        std::size_t size = memory_.size();
        Poll<std::size_t> read = reader.poll_read(cx, memory_.room().subspan(size));
        if (read.is_ready()) {
            memory_.set_size(size + read.value());
        }
        free_if_empty();
        return std::move(read).map([](std::size_t count) { return count != 0; });
    }

  private:
    void make_room() {
        std::size_t capacity = memory_.room().size();
        if (memory_.size() < capacity) {
            return;
        }
        std::string_view bytes = view();
        if (taken_ > 0) {
            std::copy(bytes.begin(), bytes.end(), memory_.room().begin());  // to the left
            memory_.set_size(bytes.size());
        } else {
            Chunk larger = Chunk::with_capacity(std::max(first_size_, 2 * capacity));
            std::copy(bytes.begin(), bytes.end(), larger.room().begin());
            larger.set_size(bytes.size());
            memory_ = std::move(larger);
        }
        taken_ = 0;
    }

    void free_if_empty() noexcept {
        if (empty()) {
            memory_ = Chunk();
            taken_ = 0;
        }
    }

    std::size_t first_size_;
    Chunk memory_;
    std::size_t taken_ = 0;
};

}  // namespace rt
