/// \file
/// `Recycled`: a base of things that come and go all the time, coroutine frames and tasks. The memory of one that has gone
/// is kept, and given to the next of its size.
///
/// A call of an `Async` is an allocation. The general allocator is good at it, but it serves all sizes and all threads; here a
/// thread keeps blocks of a few sizes in stacks of its own, so that to take one, or to give one back, is a handful of
/// instructions without a lock. A block that is given back on another thread enriches that thread. A stack that is full
/// gives to the general allocator, and so does a thread that ends.
///
/// Under AddressSanitizer nothing is kept: it shall see every frame that is used after its end.
///
/// Source of the idea: the size classes of Bonwick's slab allocator; the recycled frames of Asio's coroutines.
#pragma once

#include <array>
#include <cstddef>
#include <new>

#if defined(__SANITIZE_ADDRESS__)
#define RT_UNDER_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define RT_UNDER_ASAN 1
#endif
#endif
#ifndef RT_UNDER_ASAN
#define RT_UNDER_ASAN 0
#endif

namespace rt {

namespace detail {

/// The blocks that one thread keeps, a stack for each size. Each thread touches its own only.
class BlockCache {
  public:
    /// False where blocks are made and freed each time.
    static constexpr bool recycles = RT_UNDER_ASAN == 0;
    /// Longer ones are made and freed each time.
    static constexpr std::size_t largest = 1016;
    /// A stack keeps this many bytes at most: a thousand small tasks.
    static constexpr std::size_t kept_bytes = 128 * 1024;

    /// Room for `size` bytes, aligned as operator new does.
    static void* take(std::size_t size) {
        if (recycles && size <= largest) {
            Stack& stack = stacks_[index_of(size)];
            if (Free* block = stack.top) {
                stack.top = block->next;
                ++stack.room;
                return block;
            }
        }
        return ::operator new(size <= largest ? length_of(index_of(size)) : size);
    }

    /// Takes back what `take(size)` gave, on whatever thread.
    static void give(void* block, std::size_t size) noexcept {
        if (recycles && size <= largest) {
            Stack& stack = stacks_[index_of(size)];
            if (stack.room == 0) {
                open();
            }
            if (stack.room != 0) {
                --stack.room;
                stack.top = ::new (block) Free{stack.top};
                return;
            }
        }
        ::operator delete(block);
    }

  private:
    /// What a block is while it lies in a stack.
    struct Free {
        Free* next;
    };
    struct Stack {
        Free* top;
        std::size_t room;  // how many more may come; 0 also before the first `give`, and when the thread ends
    };
    enum class Phase : unsigned char { new_thread, open, gone };

    // Lengths are 8 more than a multiple of 16: what malloc itself rounds up to, so that nothing is wasted twice.
    static constexpr std::size_t index_of(std::size_t size) noexcept { return (size + 7) / 16; }
    static constexpr std::size_t length_of(std::size_t index) noexcept { return index * 16 + 8; }

    /// Called when there is no room: if this is the thread's first block, makes room, and sees to it that all is freed at
    /// the thread's end.
    static void open() noexcept {
        struct FreedAtTheEnd {
            FreedAtTheEnd() noexcept {
                phase_ = Phase::open;
                for (std::size_t index = 0; index < stacks_.size(); ++index) {
                    stacks_[index].room = kept_bytes / length_of(index);
                }
            }
            ~FreedAtTheEnd() {
                phase_ = Phase::gone;
                for (Stack& stack : stacks_) {
                    while (Free* block = stack.top) {
                        stack.top = block->next;
                        ::operator delete(block);
                    }
                    stack.room = 0;
                }
            }
        };
        if (phase_ == Phase::new_thread) {
            thread_local FreedAtTheEnd freed_at_the_end;
        }
    }

    static constinit inline thread_local std::array<Stack, (largest + 7) / 16 + 1> stacks_{};
    static constinit inline thread_local Phase phase_ = Phase::new_thread;
};

}  // namespace detail

/// Base of a class whose objects are made by `new`, or of a coroutine's promise: they lie in recycled blocks.
class Recycled {
  public:
    static void* operator new(std::size_t size) { return detail::BlockCache::take(size); }
    static void operator delete(void* block, std::size_t size) noexcept { detail::BlockCache::give(block, size); }

    // What must lie at a rounder address than others is not recycled.
    static void* operator new(std::size_t size, std::align_val_t alignment) { return ::operator new(size, alignment); }
    static void operator delete(void* block, std::size_t, std::align_val_t alignment) noexcept {
        ::operator delete(block, alignment);
    }
};

}  // namespace rt
