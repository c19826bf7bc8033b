/// \file
/// `Buffer`: bytes that were read, and that nobody has taken yet. Its memory is borrowed from the thread's cache (see
/// chunk.hpp), and only while there are bytes: whoever waits for the first one holds none.
///
///   [ taken | bytes: view() | room for more ]
#pragma once

#include <rt/chunk.hpp>
#include <rt/future.hpp>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <span>
#include <string_view>
#include <utility>

namespace rt {

class Buffer {
  public:
    /// Takes `first_size` bytes of memory when it needs some, and twice as much whenever that is full.
    explicit Buffer(std::size_t first_size) noexcept : first_size_(first_size) {}
    Buffer(Buffer&& other) noexcept
        : first_size_(other.first_size_),
          memory_(std::move(other.memory_)),
          begin_(std::exchange(other.begin_, 0)),
          end_(std::exchange(other.end_, 0)) {}
    Buffer& operator=(Buffer other) noexcept {
        std::swap(first_size_, other.first_size_);
        std::swap(memory_, other.memory_);
        std::swap(begin_, other.begin_);
        std::swap(end_, other.end_);
        return *this;
    }

    /// The bytes; valid until the next call of anything else here.
    std::string_view view() const noexcept { return {memory_.data() + begin_, end_ - begin_}; }
    bool empty() const noexcept { return begin_ == end_; }
    std::size_t first_size() const noexcept { return first_size_; }

    /// Takes the first `count` bytes out. Called when they have been used.
    void consume(std::size_t count) noexcept {
        begin_ += count;
        release_if_empty();
    }

    /// Reads some more bytes behind those that are there; false at the end of the stream. If it is Pending or throws, what was
    /// there is still there.
    template <class R>
    Poll<bool> poll_fill(Context& cx, R& reader) {
        make_room();
        Poll<std::size_t> read = reader.poll_read(cx, memory_.room().subspan(end_));
        if (read.is_ready()) {
            end_ += read.value();
        }
        release_if_empty();
        return std::move(read).map([](std::size_t count) { return count != 0; });
    }

  private:
    void make_room() {
        std::size_t size = memory_.room().size();
        if (end_ < size) {
            return;
        }
        std::string_view bytes = view();
        if (begin_ > 0) {
            std::memmove(memory_.room().data(), bytes.data(), bytes.size());
        } else {
            Chunk larger = Chunk::of_this_thread(std::max(first_size_, 2 * size));
            std::copy(bytes.begin(), bytes.end(), larger.room().begin());
            memory_ = std::move(larger);
        }
        begin_ = 0;
        end_ = bytes.size();
    }

    void release_if_empty() noexcept {
        if (empty()) {
            memory_ = Chunk();
            begin_ = end_ = 0;
        }
    }

    std::size_t first_size_;
    Chunk memory_;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
};

}  // namespace rt
