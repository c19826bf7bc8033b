/// \file
/// The functions of the mocks that are the same for every future. They include no header of a lesson, so they are
/// compiled once for all tests.
#include <observe/record.hpp>
#include <support/mock.hpp>
#include <support/recorded.hpp>
#include <support/remote_state.hpp>
#include <support/story.hpp>
#include <support/waker_counts.hpp>

#include <doctest/doctest.h>

#include <stdexcept>
#include <utility>

namespace support {

namespace record = rt::record;
using rt::trace::Kind;

namespace {

rt::Atomic<WakerCounts*> all_counts{nullptr};

}  // namespace

// Recorded

record::TaskRow* record_mock(const void* subject, const char* name) noexcept {
    return record::begin(subject, record::What::mock, name);
}

record::TaskRow* record_remote(const void* subject, const char* name) noexcept {
    return record::begin(subject, record::What::remote, name);
}

void record_end(const void* subject) noexcept { record::end(subject); }

void record_of(record::TaskRow* row, Kind kind) noexcept {
    if (row != nullptr) {
        record::hear_of(*row, kind);
    }
}

Recorded::Recorded(record::TaskRow* row) noexcept : row_(row) {
    if (row_ != nullptr) {
        record::begin_poll(*row_);
    }
}

Recorded::~Recorded() {
    if (row_ != nullptr) {
        record::end_poll(*row_, result_);
    }
}

// WakerCounts

WakerCounts* WakerCounts::make() {
    auto* counts = new WakerCounts;
    counts->next_ = all_counts.exchange(counts, rt::acq_rel);
    return counts;
}

void WakerCounts::made() noexcept { alive_.fetch_add(1, rt::relaxed); }

void WakerCounts::cloned() noexcept {
    record(Kind::waker_clone);
    clones_.fetch_add(1, rt::relaxed);
    alive_.fetch_add(1, rt::relaxed);
}

void WakerCounts::woke() noexcept {
    record(Kind::wake);
    record(Kind::waker_drop);
    wakes_by_value_.fetch_add(1, rt::relaxed);
    one_less();
}

void WakerCounts::woke_by_ref() noexcept {
    record(Kind::wake);
    wakes_by_ref_.fetch_add(1, rt::relaxed);
}

void WakerCounts::dropped() noexcept {
    record(Kind::waker_drop);
    drops_.fetch_add(1, rt::relaxed);
    one_less();
}

int WakerCounts::clones() const noexcept { return clones_.load(rt::relaxed); }
int WakerCounts::drops() const noexcept { return drops_.load(rt::relaxed); }
int WakerCounts::wakes() const noexcept { return wakes_by_value() + wakes_by_ref_.load(rt::relaxed); }
int WakerCounts::wakes_by_value() const noexcept { return wakes_by_value_.load(rt::relaxed); }
int WakerCounts::alive() const noexcept { return alive_.load(rt::relaxed); }
int WakerCounts::deaths() const noexcept { return deaths_.load(rt::relaxed); }

void WakerCounts::record_as(record::TaskRow* row) noexcept { row_.store(row, rt::relaxed); }

void WakerCounts::record(Kind kind) noexcept { record_of(row_.load(rt::relaxed), kind); }

void WakerCounts::one_less() noexcept {
    if (alive_.fetch_sub(1, rt::relaxed) == 1) {
        deaths_.fetch_add(1, rt::relaxed);
    }
}

// Mock

Mock::Mock(std::string_view name)
    : name_(name), counts_(WakerCounts::make()), row_(record_mock(counts_, name_.c_str())) {
    counts_->record_as(row_);
}

bool Mock::is_woken() const noexcept { return counts_->wakes() > wakes_before_poll_; }
int Mock::wakes() const noexcept { return counts_->wakes(); }
int Mock::polls() const noexcept { return polls_; }
int Mock::clones() const noexcept { return counts_->clones(); }
int Mock::drops() const noexcept { return counts_->drops(); }
int Mock::kept_wakers() const noexcept { return counts_->alive() - 1; }

StepNumber Mock::tell_poll() { return step("poll {}", name_); }

void Mock::tell_outcome(StepNumber number, bool is_ready) { add_outcome(number, is_ready ? "Ready" : "Pending"); }

void Mock::tell_exception(StepNumber number) { add_outcome(number, "an exception"); }

void Mock::tell_drop() { step("drop {}", name_); }

void Mock::begin_poll(bool has_future) {
    if (!has_future) {
        throw std::logic_error(fmt::format("{} is polled by this test after it was dropped", name_));
    }
    ++polls_;
    wakes_before_poll_ = counts_->wakes();
}

void Mock::leave_record() noexcept {
    counts_->record_as(nullptr);
    record_end(counts_);
}

// RemoteState

RemoteState::RemoteState(std::string_view name) : name_(name), row_(record_remote(this, name_.c_str())) {}

RemoteState::~RemoteState() = default;

record::TaskRow* RemoteState::row() {
    rt::Lock lock(mutex_);
    return row_;
}

RemoteState::Counts RemoteState::counts() {
    rt::Lock lock(mutex_);
    return {polls_, moves_, drops_};
}

void RemoteState::moved() {
    rt::Lock lock(mutex_);
    ++moves_;
}

void RemoteState::end_record() {
    rt::Lock lock(mutex_);
    row_ = nullptr;
    record_end(this);
}

void RemoteState::dropped() {
    ++drops_;
    row_ = nullptr;
    record_end(this);
}

RemoteState::Next RemoteState::begin_poll(rt::Lock& lock, bool has_value, bool has_waker) {
    ++polls_;
    if (ended_) {
        lock.unlock();
        FAIL_CHECK(fmt::format("{} was polled after Ready", name_));
        return Next::nothing;
    }
    if (error_) {
        ended_ = true;
        std::exception_ptr error = std::exchange(error_, nullptr);
        lock.unlock();
        std::rethrow_exception(std::move(error));
    }
    if (has_value) {
        ended_ = true;
        return Next::give_the_value;
    }
    if (!has_waker) {
        record_of(row_, Kind::waker_clone);
    }
    return Next::keep_the_waker;
}

void RemoteState::woke() noexcept {
    record_of(row_, Kind::waker_drop);
    record_of(row_, Kind::wake);
}

void RemoteState::tell_ready() { step("{} is ready", name_); }
void RemoteState::tell_error() { step("{} will throw", name_); }
void RemoteState::tell_wake() { step("{} wakes for nothing", name_); }

}  // namespace support
