/// \file
/// `Recycled`: a base of things that come and go all the time, coroutine frames and tasks. The memory of one that has gone
/// is kept, and given to the next of its size.
///
/// A call of an `Async` is an allocation. The general allocator is good at it, but it serves all sizes, and neighbors who
/// free at different times; here each size is a stack of blocks, and each thread has its own, so that to take one, or to
/// give one back, is a handful of instructions without a lock.
///
/// Threads trade with each other in batches, through a depot under a lock: one that has none left takes a batch, one that has
/// two whole ones and gets another block brings a batch. So a thread that only spawns, and one that only finishes what the
/// other has spawned, meet at the lock once for many tasks. A new batch is one allocation, cut into blocks.
///
///   thread: stack, and at most one full batch beside it ◄──batch──► depot ◄──batch── operator new
///
/// What was once a block stays one: memory goes from task to task, and to the system when the program ends. Under
/// AddressSanitizer all this is off: it shall see every frame that is used after its end.
///
/// Source of the idea: the magazines of Bonwick and Adams; tcmalloc; the recycled frames of Asio's coroutines.
#pragma once

#include <rt/sync.hpp>

#include <array>
#include <cstddef>
#include <new>
#include <utility>

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

/// What a block is while nobody uses it.
struct FreeBlock {
    FreeBlock* next;        // in its batch
    FreeBlock* next_batch;  // in the depot; of the first of a batch
};

/// Sizes are multiples of this, and blocks lie at multiples of it.
inline constexpr std::size_t block_unit = 16;
/// Longer ones are made and freed each time.
inline constexpr std::size_t longest_block = 1024;

/// Batches that no thread has, by size; shared by all threads.
class BlockDepot {
  public:
    /// A batch has about so many bytes.
    static constexpr std::size_t batch_bytes = 2048;
    static constexpr std::size_t batch_size(std::size_t length) noexcept { return batch_bytes / length; }

    /// A batch of blocks of that length; sometimes a short one.
    static FreeBlock* take(std::size_t length) {
        {
            Lock lock(mutex_);
            FreeBlock*& first = batches_[length / block_unit];
            if (first != nullptr) {
                return std::exchange(first, first->next_batch);
            }
        }
        auto* const memory = static_cast<std::byte*>(::operator new(batch_size(length) * length));
        FreeBlock* batch = nullptr;
        for (std::size_t i = batch_size(length); i != 0; --i) {
            batch = ::new (memory + (i - 1) * length) FreeBlock{batch, nullptr};
        }
        return batch;
    }

    /// A block for a thread that keeps none.
    static FreeBlock* take_one(std::size_t length) {
        FreeBlock* const one = take(length);
        if (one->next != nullptr) {
            give(one->next, length);
        }
        return one;
    }

    static void give(FreeBlock* batch, std::size_t length) noexcept {
        Lock lock(mutex_);
        batch->next_batch = std::exchange(batches_[length / block_unit], batch);
    }

  private:
    static constinit inline Mutex mutex_;
    static constinit inline std::array<FreeBlock*, longest_block / block_unit + 1> batches_{};
};

/// The blocks that one thread has. Each thread touches its own only.
class BlockCache {
  public:
    /// False where blocks are made and freed each time.
    static constexpr bool recycles = RT_UNDER_ASAN == 0;

    /// Room for `size` bytes, aligned as operator new does.
    static void* take(std::size_t size) {
        if (!recycles || size > longest_block) {
            return ::operator new(size);
        }
        std::size_t const length = length_for(size);
        Stack& stack = stacks_[length / block_unit];
        if (stack.top == nullptr && !refill(stack, length)) {
            return BlockDepot::take_one(length);
        }
        ++stack.room;
        return std::exchange(stack.top, stack.top->next);
    }

    /// Takes back what `take(size)` gave, on whatever thread.
    static void give(void* block, std::size_t size) noexcept {
        if (!recycles || size > longest_block) {
            ::operator delete(block);
            return;
        }
        std::size_t const length = length_for(size);
        Stack& stack = stacks_[length / block_unit];
        if (stack.room == 0 && !put_aside(stack, length)) {
            BlockDepot::give(::new (block) FreeBlock{nullptr, nullptr}, length);
            return;
        }
        --stack.room;
        stack.top = ::new (block) FreeBlock{stack.top, nullptr};
    }

  private:
    struct Stack {
        FreeBlock* top;
        std::size_t room;      // for so many more, or fewer: a batch may have been short; 0 before the thread's first
        FreeBlock* set_aside;  // a full batch, or null
    };

    static constexpr std::size_t length_for(std::size_t size) noexcept {
        return (size + (block_unit - 1)) / block_unit * block_unit;
    }

    // Of these two, false if the thread is ending and may keep no blocks.
    static bool refill(Stack& stack, std::size_t length) {
        if (!brings_back_at_the_end()) {
            return false;
        }
        FreeBlock* const batch = std::exchange(stack.set_aside, nullptr);
        stack.top = batch != nullptr ? batch : BlockDepot::take(length);
        stack.room = 0;
        return true;
    }

    static bool put_aside(Stack& stack, std::size_t length) noexcept {
        if (!brings_back_at_the_end()) {
            return false;
        }
        if (stack.top != nullptr) {
            if (stack.set_aside != nullptr) {
                BlockDepot::give(stack.set_aside, length);
            }
            stack.set_aside = std::exchange(stack.top, nullptr);
        }
        stack.room = BlockDepot::batch_size(length);
        return true;
    }

    /// When the calling thread ends, others can have its blocks. False if that was: what its other thread_locals take and
    /// give back while it ends goes to the depot at once.
    static bool brings_back_at_the_end() noexcept {
        struct Bring {
            ~Bring() {
                for (std::size_t i = 0; i < stacks_.size(); ++i) {
                    for (FreeBlock* batch : {stacks_[i].top, stacks_[i].set_aside}) {
                        if (batch != nullptr) {
                            BlockDepot::give(batch, i * block_unit);
                        }
                    }
                    stacks_[i] = Stack{};
                }
                has_ended_ = true;
            }
        };
        thread_local Bring bring;
        return !has_ended_;
    }

    static constinit inline thread_local bool has_ended_ = false;
    static constinit inline thread_local std::array<Stack, longest_block / block_unit + 1> stacks_{};
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
