/// \file
/// Given: a record for each descriptor that a task waits for. You use `Registration` and its `record()`.
///
/// Invariants: the kernel knows a record by its address, and may still report a descriptor that was closed a moment ago. So
/// a record never moves, and it exists until the reactor and the last registration are gone. A late event may reach the next
/// descriptor that uses the record. The task of that descriptor tries once in vain, and waits again.
///
/// Thread safety: any thread may use the table. A record is shared, without a lock, by a task that reads, a task that
/// writes, and the reactor (see readiness.hpp and waker_slot.hpp). Only one task may wait in each direction.
///
/// Source: Asio's `object_pool` of descriptors.
#pragma once

#include <rt/readiness.hpp>
#include <rt/sync.hpp>
#include <rt/waker_slot.hpp>

#include <cstddef>
#include <deque>
#include <memory>
#include <utility>

namespace rt {

/// What the reactor and a descriptor's users share.
struct IoRecord {
    WakerSlot& waiter(Direction direction) noexcept { return direction == Direction::read ? reader : writer; }

    ReadinessWord readiness;
    WakerSlot reader;
    WakerSlot writer;
    IoRecord* next_free = nullptr;  // under the lock of the table
};

class IoTable {
  public:
    /// Takes a free record. Called by Registration.
    IoRecord& take() {
        Lock lock(mutex_);
        if (first_free_ == nullptr) {
            first_free_ = &records_.emplace_back();
        }
        first_free_->readiness.reset();
        return *std::exchange(first_free_, first_free_->next_free);
    }

    /// Makes a record free. Called by Registration.
    void give_back(IoRecord& record) noexcept {
        Waker reader = record.reader.take();  // dropped after the lock, because a drop may run any code
        Waker writer = record.writer.take();
        Lock lock(mutex_);
        record.next_free = std::exchange(first_free_, &record);
    }

    /// How many records there are. The reactor watches at most so many descriptors.
    std::size_t size() const noexcept {
        Lock lock(mutex_);
        return records_.size();
    }

    /// True once the reactor is gone. Then nothing is ever reported again.
    bool is_abandoned() const noexcept { return abandoned_.load(relaxed); }
    /// Called by the reactor's destructor.
    void abandon() noexcept { abandoned_.store(true, relaxed); }

  private:
    Atomic<bool> abandoned_{false};
    mutable Mutex mutex_;           // for all that follow
    std::deque<IoRecord> records_;  // a deque that only grows at its end moves none of its elements
    IoRecord* first_free_ = nullptr;
};

/// Owns a record while the descriptor is open. Made by the reactor, and destroyed before the descriptor is closed.
class Registration {
    struct GiveBack {
        void operator()(IoRecord* record) const noexcept { table->give_back(*record); }
        std::shared_ptr<IoTable> table;
    };

  public:
    /// Has no record.
    Registration() noexcept = default;
    /// Takes a record for a new descriptor. Called by the reactor.
    explicit Registration(std::shared_ptr<IoTable> table) : record_(&table->take(), GiveBack{table}) {}

    explicit operator bool() const noexcept { return record_ != nullptr; }
    IoRecord& record() const noexcept { return *record_; }
    bool is_abandoned() const noexcept { return record_.get_deleter().table->is_abandoned(); }

  private:
    std::unique_ptr<IoRecord, GiveBack> record_;
};

}  // namespace rt
