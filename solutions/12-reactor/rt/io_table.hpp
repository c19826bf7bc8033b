/// \file
/// `IoTable`: one record per descriptor that somebody waits for. `Registration`: the right to use one of them.
///
/// A record is a readiness word and two wakers: one task may wait to read, another to write; if a second comes for the same
/// direction it takes the first one's place (the latest wins).
///
/// The kernel is told an index and a generation, never an address: it may still have an event of a descriptor that was
/// closed a moment ago. So records are used again, but stay where they are and what they are as long as anyone may look:
/// pages double in size, none moves, and none goes before the reactor and the last registration have gone. A socket may
/// thereby outlive its runtime, if only to be closed.
///
/// Threads: records are shared by their two users and the reactor, without a lock (see readiness.hpp, waker_slot.hpp).
/// Taking and giving back a record is under the table's lock.
///
/// Source of the idea: Tokio's slab of old.
#pragma once

#include <rt/readiness.hpp>
#include <rt/sync.hpp>
#include <rt/waker_slot.hpp>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <utility>
#include <vector>

namespace rt {

class IoTable;

/// What the reactor and its users share about one descriptor.
struct IoRecord {
    explicit IoRecord(IoTable& owner) noexcept : table(owner) {}

    WakerSlot& waiter(Direction direction) noexcept { return direction == Direction::read ? reader : writer; }

    ReadinessWord readiness;
    WakerSlot reader;
    WakerSlot writer;
    IoTable& table;
};

class IoTable {
    struct Release {
        void operator()(IoTable* table) const noexcept { table->release(); }
    };

  public:
    /// The reactor's reference.
    using Pointer = std::unique_ptr<IoTable, Release>;

    static Pointer make() { return Pointer(new IoTable); }

    IoTable(const IoTable&) = delete;
    IoTable& operator=(const IoTable&) = delete;

    /// A record that is in use now, or free, or was in use once. Called by the reactor with what the kernel told it.
    IoRecord& at(std::uint32_t index) noexcept {
        Place place(index);
        return pages_[place.page].load(acquire)[place.offset];
    }

    /// Takes a free record, and a reference to the table; returns its index. Called by Registration.
    std::uint32_t take() {
        references_.fetch_add(1, relaxed);
        try {
            Lock lock(mutex_);
            if (free_.empty()) {
                return make_record();
            }
            std::uint32_t index = free_.back();
            free_.pop_back();
            return index;
        } catch (...) {
            release();
            throw;
        }
    }

    /// Gives a record back, and the reference. From here on, events of its descriptor reach nobody. Called by
    /// Registration.
    void give_back(std::uint32_t index) noexcept {
        IoRecord& record = at(index);
        record.readiness.begin_generation();
        { Waker reader = record.reader.take(); }
        { Waker writer = record.writer.take(); }
        {
            Lock lock(mutex_);
            free_.push_back(index);  // has room: see make_record
        }
        release();
    }

    /// True once the reactor has gone: then nothing is ever reported again.
    bool is_abandoned() const noexcept { return abandoned_.load(relaxed); }
    /// Called by the reactor's destructor.
    void abandon() noexcept { abandoned_.store(true, relaxed); }

    /// How many records are in use. Called by tests, and by whoever shows statistics.
    std::size_t size() const noexcept {
        Lock lock(mutex_);
        return made_ - free_.size();
    }

  private:
    static constexpr std::uint32_t first_page_size = 64;
    static constexpr std::size_t page_count = 24;

    /// Page k has 64 * 2^k records.
    struct Place {
        explicit Place(std::uint32_t index) noexcept
            : page(static_cast<std::size_t>(std::bit_width(index + first_page_size) - std::bit_width(first_page_size))),
              offset(index + first_page_size - (first_page_size << page)) {}

        std::size_t page;
        std::size_t offset;
    };

    IoTable() = default;
    ~IoTable() {
        for (std::uint32_t index = 0; index < made_; ++index) {
            at(index).~IoRecord();
        }
        for (std::size_t page = 0; page < page_count; ++page) {
            ::operator delete(pages_[page].load(relaxed), std::align_val_t(alignof(IoRecord)));
        }
    }

    void release() noexcept {
        if (references_.fetch_sub(1, acq_rel) == 1) {
            delete this;
        }
    }

    /// Records are made one by one, so that memory which was never used is never touched. Under the lock.
    std::uint32_t make_record() {
        Place place(made_);
        IoRecord* page = pages_[place.page].load(relaxed);
        if (page == nullptr) {
            std::size_t size = std::size_t{first_page_size} << place.page;
            free_.reserve(made_ + size);  // so that giving back cannot fail
            page = static_cast<IoRecord*>(::operator new(size * sizeof(IoRecord), std::align_val_t(alignof(IoRecord))));
            pages_[place.page].store(page, rt::release);
        }
        ::new (page + place.offset) IoRecord(*this);
        page[place.offset].readiness.begin_generation();
        return made_++;
    }

    Atomic<std::size_t> references_{1};
    Atomic<bool> abandoned_{false};
    std::array<Atomic<IoRecord*>, page_count> pages_{};
    mutable Mutex mutex_;
    std::uint32_t made_ = 0;           // these two under mutex_
    std::vector<std::uint32_t> free_;  // indices of records that were used before
};

/// One record, while its descriptor is open. Made by the reactor, held by the descriptor's owner, who destroys it before
/// or with the descriptor.
class Registration {
  public:
    /// None.
    Registration() noexcept = default;
    /// Takes a record for a new descriptor. Called by the reactor.
    explicit Registration(IoTable& table) : index_(table.take()), record_(&table.at(index_)) {}
    Registration(Registration&& other) noexcept
        : index_(other.index_), record_(std::exchange(other.record_, nullptr)) {}
    Registration& operator=(Registration other) noexcept {
        std::swap(index_, other.index_);
        std::swap(record_, other.record_);
        return *this;
    }
    ~Registration() {
        if (record_ != nullptr) {
            record_->table.give_back(index_);
        }
    }

    explicit operator bool() const noexcept { return record_ != nullptr; }
    IoRecord& record() const noexcept { return *record_; }

    /// What the kernel is to say when it speaks of this descriptor.
    std::uint64_t token() const noexcept {
        return (std::uint64_t{record_->readiness.load().generation()} << 32) | index_;
    }

  private:
    std::uint32_t index_ = 0;
    IoRecord* record_ = nullptr;
};

}  // namespace rt
