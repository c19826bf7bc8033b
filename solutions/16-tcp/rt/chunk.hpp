/// \file
/// `Chunk`: some bytes that were read, in memory that is borrowed from the thread's cache while they are needed.
///
/// A server with ten thousand idle connections must not keep ten thousand buffers for what may come. So a read takes a
/// buffer when it tries, and has it back in the cache within the same poll if there was nothing to read: a thread needs
/// about as many buffers as it has chunks in the making or in use at one time. A chunk that is dropped on another thread
/// enriches that thread's cache; no lock is needed.
///
/// Buffers come in a few sizes, so that they fit more than one use. A cache keeps a few of each; more go back to the
/// system. Under AddressSanitizer what lies in a cache is poisoned: to look into a chunk that is gone is caught as with
/// freed memory.
///
/// Source of the idea: Netty's pooled buffers, Tokio's `BytesMut` turned around.
#pragma once

#include <rt/recycled.hpp>
#include <rt/violation.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <new>
#include <span>
#include <string_view>
#include <utility>

#if RT_UNDER_ASAN
#include <sanitizer/asan_interface.h>
#endif

namespace rt {

namespace detail {

/// Buffers that nobody uses, one stack per size. Each thread has one, and touches no other's.
class ChunkCache {
  public:
    /// Sizes are powers of two between these; a longer buffer is made and freed each time.
    static constexpr std::size_t smallest = 1024;
    static constexpr std::size_t largest = 64 * 1024;
    /// A stack keeps this many bytes at most, and at least one buffer.
    static constexpr std::size_t kept_bytes = 64 * 1024;

    ChunkCache() = default;
    ChunkCache(const ChunkCache&) = delete;
    ChunkCache& operator=(const ChunkCache&) = delete;
    ~ChunkCache() {
        has_gone_ = true;
        for (Stack& stack : stacks_) {
            while (char* buffer = pop(stack)) {
                ::operator delete(buffer);
            }
        }
    }

    /// The calling thread's own; null when the thread is ending and has given its cache up.
    static ChunkCache* of_this_thread() noexcept {
        if (has_gone_) {
            return nullptr;
        }
        thread_local ChunkCache cache;
        return &cache;
    }

    /// How long the buffer for `size` bytes is.
    static constexpr std::size_t capacity_for(std::size_t size) noexcept {
        return size > largest ? size : std::bit_ceil(std::max(size, smallest));
    }

    /// A buffer of `capacity` bytes, which `capacity_for` returned.
    static char* take(std::size_t capacity) {
        if (ChunkCache* cache = capacity <= largest ? of_this_thread() : nullptr) {
            Stack& stack = cache->stack_of(capacity);
            if (char* buffer = pop(stack)) {
                stack.bytes -= capacity;
                poison(buffer, capacity, false);
                return buffer;
            }
        }
        return static_cast<char*>(::operator new(capacity));
    }

    /// Takes back what `take` gave, on whatever thread.
    static void give(char* buffer, std::size_t capacity) noexcept {
        if (ChunkCache* cache = capacity <= largest ? of_this_thread() : nullptr) {
            Stack& stack = cache->stack_of(capacity);
            if (stack.bytes + capacity <= kept_bytes) {
                stack.bytes += capacity;
                stack.top = ::new (buffer) Free{stack.top};
                poison(buffer, capacity, true);
                return;
            }
        }
        ::operator delete(buffer);
    }

    /// How many bytes lie here, in buffers of this capacity. Called by tests.
    std::size_t bytes(std::size_t capacity) noexcept { return stack_of(capacity).bytes; }

  private:
    /// What a buffer is while it lies in a stack.
    struct Free {
        Free* next;
    };
    struct Stack {
        Free* top = nullptr;
        std::size_t bytes = 0;
    };
    static constexpr std::size_t stack_count = std::countr_zero(largest) - std::countr_zero(smallest) + 1;

    Stack& stack_of(std::size_t capacity) noexcept {
        return stacks_[static_cast<std::size_t>(std::countr_zero(capacity) - std::countr_zero(smallest))];
    }

    static char* pop(Stack& stack) noexcept {
        Free* buffer = stack.top;
        if (buffer != nullptr) {
            poison(buffer, sizeof(Free), false);
            stack.top = buffer->next;
        }
        return reinterpret_cast<char*>(buffer);
    }

    static void poison([[maybe_unused]] void* buffer, [[maybe_unused]] std::size_t size,
                       [[maybe_unused]] bool on) noexcept {
#if RT_UNDER_ASAN
        on ? __asan_poison_memory_region(buffer, size) : __asan_unpoison_memory_region(buffer, size);
#endif
    }

    /// Beside the cache, not in it: it is looked at when the cache is no more.
    static constinit inline thread_local bool has_gone_ = false;

    std::array<Stack, stack_count> stacks_{};
};

}  // namespace detail

/// Bytes that were read. Movable; owns its memory, and gives it back when it goes.
class Chunk {
  public:
    /// No bytes: what a read yields at the end of the stream.
    Chunk() noexcept = default;
    Chunk(Chunk&& other) noexcept
        : data_(std::exchange(other.data_, nullptr)),
          size_(std::exchange(other.size_, 0)),
          capacity_(std::exchange(other.capacity_, 0)) {}
    Chunk& operator=(Chunk other) noexcept {
        std::swap(data_, other.data_);
        std::swap(size_, other.size_);
        std::swap(capacity_, other.capacity_);
        return *this;
    }
    ~Chunk() {
        if (data_ != nullptr) {
            detail::ChunkCache::give(data_, detail::ChunkCache::capacity_for(capacity_));
        }
    }

    /// Room for `max` bytes, out of the calling thread's cache; no bytes yet. Called by whoever reads.
    static Chunk of_this_thread(std::size_t max) {
        Chunk chunk;
        chunk.data_ = detail::ChunkCache::take(detail::ChunkCache::capacity_for(max));
        chunk.capacity_ = max;
        return chunk;
    }

    /// The bytes.
    std::string_view view() const noexcept { return {data_, size_}; }
    const char* data() const noexcept { return data_; }
    std::size_t size() const noexcept { return size_; }
    bool empty() const noexcept { return size_ == 0; }
    /// False at the end of the stream: `while (Chunk chunk = co_await stream.read(4096)) …`.
    explicit operator bool() const noexcept { return size_ != 0; }

    /// Where the bytes go, all of it. Called by whoever reads; `set_size` then says how many there are.
    std::span<char> room() noexcept { return {data_, capacity_}; }
    /// Called once, by whoever has filled `room`.
    void set_size(std::size_t size) noexcept {
        if constexpr (checks_enabled) {
            if (size > capacity_) {
                violation("a Chunk was given more bytes than it has room for");
            }
        }
        size_ = size;
    }

  private:
    char* data_ = nullptr;
    std::size_t size_ = 0;
    std::size_t capacity_ = 0;  // what was asked for; the buffer may be longer
};

}  // namespace rt
