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
/// Why these are not recycled blocks (recycled.hpp): a block stays one for ever, and may, for it is small. A buffer is up to
/// a hundred times longer: what one burst of reads has taken must not stay taken. And threads need not trade, since a
/// chunk mostly goes where it came from.
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

/// Buffers that nobody uses, one stack per size. Each thread has its own, and touches no other's.
class ChunkCache {
  public:
    /// Sizes are powers of two between these; a longer buffer is made and freed each time.
    static constexpr std::size_t smallest = 1024;
    static constexpr std::size_t largest = 64 * 1024;
    /// A stack keeps this many bytes at most.
    static constexpr std::size_t kept_bytes = 64 * 1024;

    /// How long the buffer for `size` bytes is.
    static constexpr std::size_t capacity_for(std::size_t size) noexcept {
        std::size_t const number = number_for(size);
        return number < stack_count ? smallest << number : size;
    }

    /// A buffer of `capacity_for(size)` bytes.
    static char* take(std::size_t size) {
        std::size_t const number = number_for(size);
        if (number < stack_count && stacks_[number].top != nullptr) {
            return pop(stacks_[number], smallest << number);
        }
        return static_cast<char*>(::operator new(capacity_for(size)));
    }

    /// Takes back what `take(size)` gave, on whatever thread.
    static void give(char* buffer, std::size_t size) noexcept {
        std::size_t const number = number_for(size);
        if (number < stack_count && (stacks_[number].room != 0 || opens(number))) {
            push(stacks_[number], buffer, smallest << number);
        } else {
            ::operator delete(buffer);
        }
    }

    /// How many bytes the calling thread has, in buffers of this capacity. Called by tests.
    static std::size_t bytes(std::size_t capacity) noexcept {
        std::size_t count = 0;
        for (Free* buffer = stacks_[number_for(capacity)].top; buffer != nullptr; ++count) {
            poison(buffer, sizeof(Free), false);
            Free* const next = buffer->next;
            poison(buffer, sizeof(Free), true);
            buffer = next;
        }
        return count * capacity;
    }

  private:
    /// What a buffer is while it lies in a stack.
    struct Free {
        Free* next;
    };
    struct Stack {
        Free* top;
        std::size_t room;  // for so many more; none before the thread has given its first, and none when it ends
    };
    static constexpr std::size_t stack_count = std::countr_zero(largest) - std::countr_zero(smallest) + 1;

    /// Which stack has buffers for `size` bytes; `stack_count` or more: none.
    static constexpr std::size_t number_for(std::size_t size) noexcept {
        return static_cast<std::size_t>(std::bit_width((std::max(size, std::size_t{1}) - 1) / smallest));
    }

    static char* pop(Stack& stack, std::size_t capacity) noexcept {
        poison(stack.top, capacity, false);
        ++stack.room;
        return reinterpret_cast<char*>(std::exchange(stack.top, stack.top->next));
    }

    static void push(Stack& stack, char* buffer, std::size_t capacity) noexcept {
        --stack.room;
        stack.top = ::new (buffer) Free{stack.top};
        poison(buffer, capacity, true);
    }

    /// A stack without room is full, or its thread has given nothing yet, or is ending. In the second case: makes room, and
    /// sees to it that all goes to the system at the end of the thread. True if there is room now.
    static bool opens(std::size_t number) noexcept {
        struct Close {
            ~Close() {
                for (std::size_t i = 0; i < stack_count; ++i) {
                    while (stacks_[i].top != nullptr) {
                        ::operator delete(pop(stacks_[i], smallest << i));
                    }
                    stacks_[i].room = 0;
                }
            }
        };
        if (std::exchange(was_opened_, true)) {
            return false;
        }
        thread_local Close close;
        for (std::size_t i = 0; i < stack_count; ++i) {
            stacks_[i].room = kept_bytes / (smallest << i);
        }
        return stacks_[number].room != 0;
    }

    static void poison([[maybe_unused]] void* buffer, [[maybe_unused]] std::size_t size,
                       [[maybe_unused]] bool on) noexcept {
#if RT_UNDER_ASAN
        on ? __asan_poison_memory_region(buffer, size) : __asan_unpoison_memory_region(buffer, size);
#endif
    }

    static constinit inline thread_local std::array<Stack, stack_count> stacks_{};
    static constinit inline thread_local bool was_opened_ = false;
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
            detail::ChunkCache::give(data_, capacity_);
        }
    }

    /// Room for `max` bytes, out of the calling thread's cache; no bytes yet. Called by whoever reads.
    static Chunk of_this_thread(std::size_t max) {
        Chunk chunk;
        chunk.data_ = detail::ChunkCache::take(max);
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
