/// \file
/// `Buffers`: memory that the kernel may fill on its own, whichever socket something comes from; `Chunk`: one such buffer, or
/// a part of it, in the hands of a task.
///
/// With epoll a read takes a buffer once bytes are there. A receive that is ordered beforehand would need one for each idle
/// connection; so it names a ring of buffers instead, and the kernel takes one out when bytes have come. Each buffer is in
/// one of three places:
///
///   ring     the kernel's: it may be written to at any moment
///   queue    filled, and not yet asked for by a task
///   chunk    a task's, until the last Chunk of it is dropped; then it goes back to the ring
///
/// The ring begins small and doubles when the kernel finds it empty, up to a limit. Beyond that, whoever receives waits until
/// a Chunk is dropped: that is the back-pressure. A burst costs a buffer for each connection that spoke, where epoll with
/// one thread does with a single one: that is the price.
///
/// Threads: the runtime's only. A Chunk may outlive the runtime; the memory goes with the last of them.
///
/// Under AddressSanitizer what belongs to the ring is poisoned: a look into a Chunk that is gone is caught. (What the kernel
/// writes is seen by no sanitizer.)
#pragma once

#include <rt/violation.hpp>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <string_view>
#include <utility>
#include <vector>

#include <liburing.h>

#if defined(__SANITIZE_ADDRESS__)
#define URING_POISON 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define URING_POISON 1
#endif
#endif
#ifndef URING_POISON
#define URING_POISON 0
#endif
#if URING_POISON
#include <sanitizer/asan_interface.h>
#endif

namespace rt::uring {

class Chunk;
class ChunkQueue;

/// How much memory an engine gives to the kernel.
struct BufferLimits {
    std::size_t size = 4096;  ///< bytes a buffer: what one receive yields at most
    unsigned first = 64;      ///< buffers at the beginning; a power of two
    unsigned most = 8192;     ///< and at most; a power of two, 32768 or less
};

class Buffers {
    struct Release {
        void operator()(Buffers* buffers) const noexcept { buffers->release(); }
    };

  public:
    /// The engine's reference.
    using Pointer = std::unique_ptr<Buffers, Release>;
    using Id = std::uint16_t;

    /// The name of the ring, as receives say it.
    static constexpr unsigned short group = 0;

    static Pointer make(BufferLimits limits) { return Pointer(new Buffers(limits)); }

    Buffers(const Buffers&) = delete;
    Buffers& operator=(const Buffers&) = delete;

    /// What the kernel is to be told of the ring. Called by the engine, once.
    io_uring_buf_reg registration() const noexcept {
        io_uring_buf_reg reg{};
        reg.ring_addr = reinterpret_cast<std::uintptr_t>(ring_);
        reg.ring_entries = limits_.most;
        reg.bgid = group;
        return reg;
    }
    /// The kernel looks no more. Called by the engine when its own ring has been closed.
    void close() noexcept { closed_ = true; }

    /// How many lie in the ring.
    unsigned available() const noexcept { return available_; }
    unsigned made() const noexcept { return static_cast<unsigned>(slots_.size()); }

    /// The kernel has found the ring empty: doubles it; false if it is at its limit.
    bool grow() {
        if (made() == limits_.most) {
            return false;
        }
        add(std::min(made(), limits_.most - made()));
        return true;
    }

  private:
    friend Chunk;
    friend ChunkQueue;

    static constexpr Id none = 0xffff;

    /// What is known of a buffer outside of the ring.
    struct Slot {
        char* data = nullptr;
        std::uint32_t begin = 0;  // what was not handed out yet lies between these
        std::uint32_t end = 0;
        Id next = none;          // in a queue
        std::uint16_t uses = 0;  // the queue, and each Chunk
    };

    explicit Buffers(BufferLimits limits) : limits_(limits) {
        if (!std::has_single_bit(limits.most) || limits.first > limits.most || limits.most > 32768 ||
            limits.first == 0) {
            violation("BufferLimits: first and most are powers of two, first <= most <= 32768");
        }
        ring_ = static_cast<io_uring_buf_ring*>(::operator new(ring_bytes(), page));
        io_uring_buf_ring_init(ring_);
        add(limits.first);
    }
    ~Buffers() {
        for (Slot& slot : slots_) {
            poison(slot.data, false);
        }
        ::operator delete(ring_, page);
    }

    static constexpr std::align_val_t page{4096};
    std::size_t ring_bytes() const noexcept { return std::max<std::size_t>(limits_.most * sizeof(io_uring_buf), 4096); }

    void add(unsigned count) {
        slabs_.push_back(std::make_unique_for_overwrite<char[]>(count * limits_.size));
        slots_.reserve(slots_.size() + count);
        for (unsigned i = 0; i < count; ++i) {
            Slot slot;
            slot.data = slabs_.back().get() + i * limits_.size;
            slots_.push_back(slot);
            put(static_cast<Id>(slots_.size() - 1));
        }
    }

    /// Gives a buffer to the kernel.
    void put(Id id) noexcept {
        poison(slots_[id].data, true);
        int mask = io_uring_buf_ring_mask(limits_.most);
        io_uring_buf_ring_add(ring_, slots_[id].data, static_cast<unsigned>(limits_.size), id, mask, 0);
        io_uring_buf_ring_advance(ring_, 1);
        ++available_;
    }

    void drop_use(Id id) noexcept {
        if (--slots_[id].uses == 0 && !closed_) {
            put(id);
        }
    }

    void retain() noexcept { ++references_; }
    void release() noexcept {
        if (--references_ == 0) {
            delete this;
        }
    }

    void poison([[maybe_unused]] char* data, [[maybe_unused]] bool on) const noexcept {
#if URING_POISON
        on ? __asan_poison_memory_region(data, limits_.size) : __asan_unpoison_memory_region(data, limits_.size);
#endif
    }

    BufferLimits limits_;
    io_uring_buf_ring* ring_ = nullptr;
    std::vector<std::unique_ptr<char[]>> slabs_;
    std::vector<Slot> slots_;
    unsigned available_ = 0;
    std::size_t references_ = 1;
    bool closed_ = false;
};

/// Bytes that were received. Movable; while it exists, the kernel leaves its buffer alone.
class Chunk {
  public:
    /// No bytes: what a read yields at the end of the stream.
    Chunk() noexcept = default;
    Chunk(Chunk&& other) noexcept
        : buffers_(std::exchange(other.buffers_, nullptr)), id_(other.id_), view_(std::exchange(other.view_, {})) {}
    Chunk& operator=(Chunk other) noexcept {
        std::swap(buffers_, other.buffers_);
        std::swap(id_, other.id_);
        std::swap(view_, other.view_);
        return *this;
    }
    ~Chunk() {
        if (buffers_ != nullptr) {
            buffers_->drop_use(id_);
            buffers_->release();
        }
    }

    std::string_view view() const noexcept { return view_; }
    const char* data() const noexcept { return view_.data(); }
    std::size_t size() const noexcept { return view_.size(); }
    bool empty() const noexcept { return view_.empty(); }
    /// False at the end of the stream.
    explicit operator bool() const noexcept { return !view_.empty(); }

  private:
    friend ChunkQueue;
    Chunk(Buffers& buffers, Buffers::Id id, std::string_view view) noexcept : buffers_(&buffers), id_(id), view_(view) {
        buffers.retain();
        ++buffers.slots_[id].uses;
    }

    Buffers* buffers_ = nullptr;
    Buffers::Id id_ = Buffers::none;
    std::string_view view_;
};

/// Filled buffers in the order in which they came. A link in each, and no memory of its own: an idle connection has one too.
class ChunkQueue {
  public:
    explicit ChunkQueue(Buffers& buffers) noexcept : buffers_(buffers) {}
    ChunkQueue(const ChunkQueue&) = delete;
    ChunkQueue& operator=(const ChunkQueue&) = delete;
    ~ChunkQueue() { clear(); }

    bool is_empty() const noexcept { return size_ == 0; }
    unsigned size() const noexcept { return size_; }

    /// The kernel has filled buffer `id` with so many bytes; none means: it took the buffer for nothing.
    void push(Buffers::Id id, std::size_t bytes) noexcept {
        Buffers::Slot& slot = buffers_.slots_[id];
        --buffers_.available_;
        slot.uses = 1;
        slot.begin = 0;
        slot.end = static_cast<std::uint32_t>(bytes);
        slot.next = Buffers::none;
        buffers_.poison(slot.data, false);
        if (bytes == 0) {
            buffers_.drop_use(id);
            return;
        }
        (size_ == 0 ? first_ : buffers_.slots_[last_].next) = id;
        last_ = id;
        ++size_;
    }

    /// The next bytes, `max` at most, of one buffer; there must be some.
    Chunk pop(std::size_t max) noexcept {
        Buffers::Id id = first_;
        Buffers::Slot& slot = buffers_.slots_[id];
        auto size = static_cast<std::uint32_t>(std::min<std::size_t>(max, slot.end - slot.begin));
        Chunk chunk(buffers_, id, std::string_view(slot.data + slot.begin, size));
        slot.begin += size;
        if (slot.begin == slot.end) {
            drop_first();
        }
        return chunk;
    }

    void clear() noexcept {
        while (size_ != 0) {
            drop_first();
        }
    }

  private:
    void drop_first() noexcept {
        Buffers::Id id = first_;
        first_ = buffers_.slots_[id].next;
        --size_;
        buffers_.drop_use(id);
    }

    Buffers& buffers_;
    Buffers::Id first_ = Buffers::none;
    Buffers::Id last_ = Buffers::none;
    unsigned size_ = 0;
};

}  // namespace rt::uring
