/// \file
/// Given: the tables of the record (record.hpp), with a row for each task and a row for each thread.
#pragma once

#include <observe/sys_observe.hpp>
#include <rt/sync.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

namespace rt::record {

/// Nanoseconds on the monotonic clock as of the kernel's last tick. It is a few milliseconds late, and cheap.
inline std::int64_t now() noexcept { return sys::coarse_nanoseconds(); }

/// A name, cut where it is too long. Any thread may write it and read it at any time.
class Name {
  public:
    static constexpr std::size_t longest = 63;
    using Chars = std::array<char, longest + 1>;

    void set(const char* text) noexcept {
        Chars chars{};
        std::strncpy(chars.data(), text, longest);
        for (std::size_t i = 0; i < words; ++i) {
            std::uint64_t word;
            std::memcpy(&word, chars.data() + i * sizeof word, sizeof word);
            words_[i].store(word, relaxed);
        }
    }
    Chars get() const noexcept {
        Chars chars{};
        for (std::size_t i = 0; i < words; ++i) {
            std::uint64_t const word = words_[i].load(relaxed);
            std::memcpy(chars.data() + i * sizeof word, &word, sizeof word);
        }
        chars[longest] = '\0';
        return chars;
    }

  private:
    static constexpr std::size_t words = (longest + 1) / sizeof(std::uint64_t);
    Atomic<std::uint64_t> words_[words]{};
};

/// What a row of the record is about.
enum class What : unsigned char {
    task,    ///< a task of a runtime
    main,    ///< the future of a runtime's block_on
    mock,    ///< a future that a test polls by hand
    remote,  ///< a future whose end a test decides
};

struct ThreadRow;

/// One task. Counts are of the task's whole life.
struct TaskRow {
    static constexpr int never_polled = 2;  // for last_result; the others are those of trace::Kind::poll_end

    Atomic<const void*> subject{nullptr};  // the task; null: the row is free
    Atomic<What> what{What::task};
    Atomic<unsigned> id{0};  // of tasks: 1, 2 … in the order of their making
    Atomic<const char*> file{nullptr};
    Atomic<std::int64_t> line{0};
    Name name;

    Atomic<std::uint64_t> polls{0};
    Atomic<int> last_result{never_polled};
    Atomic<std::uint64_t> wakes{0};
    Atomic<std::uint64_t> self_wakes{0};  // from within its own poll
    Atomic<std::int64_t> clones{0};
    Atomic<std::int64_t> drops{0};  // of its wakers; also those that a wake used up

    Atomic<bool> is_woken{false};    // since its last poll began
    Atomic<bool> is_aborted{false};  // asked to end, and not polled since
    Atomic<std::int64_t> queued_at{0};
    Atomic<std::int64_t> polled_at{0};  // when its last poll began
    Atomic<ThreadRow*> polled_by{nullptr};
    Atomic<TaskRow*> outer{nullptr};  // the task in whose poll this one is polled

    Atomic<std::int64_t> woken_at{0};
    Atomic<unsigned> woken_by{0};  // the id of the task in whose poll the wake came; 0: none
    Atomic<int> woken_on{0};       // the number of the thread that woke it
    Atomic<const char*> cause{nullptr};
};

/// One thread that has announced something.
struct ThreadRow {
    Atomic<int> id{0};      // the kernel's; 0: the row is free
    Atomic<int> number{0};  // 1, 2 … in the order of the threads' first events
    Atomic<const char*> role{nullptr};
    Atomic<int> role_number{0};

    Atomic<TaskRow*> polls{nullptr};
    Atomic<std::uint64_t> events{0};
    Atomic<const void*> park{nullptr};  // where it sleeps, or is about to be woken
    Atomic<std::int64_t> parked_at{0};
    Atomic<std::int64_t> park_value{0};
    Atomic<std::int64_t> unparked_at{0};  // 0 once it has announced something since
    Atomic<const char*> cause{nullptr};   // why it wakes tasks: a timer, the kernel
    Atomic<std::int64_t> io_flags{0};     // what the kernel said last, as Kind::io_ready
};

namespace detail {

inline constexpr std::size_t max_tasks = 4096;
inline constexpr std::size_t max_threads = 128;
inline constexpr std::size_t probes = 32;

/// Rows whose bytes are all 0 at first. Every member of a row begins with 0, except `last_result`, which `clear` sets.
/// Constructors would write the whole table into each object file.
template <class Row, std::size_t count>
class Table {
  public:
    constexpr Table() noexcept : nothing_(0) {}
    Table(const Table&) = delete;
    Table& operator=(const Table&) = delete;

    Row* begin() noexcept { return rows_; }
    Row* end() noexcept { return rows_ + count; }
    Row& operator[](std::size_t i) noexcept { return rows_[i]; }

  private:
    union {
        char nothing_;
        Row rows_[count];
    };
};

inline constinit Table<TaskRow, max_tasks> task_rows;
inline constinit Table<ThreadRow, max_threads> thread_rows;
inline Atomic<unsigned> last_task_id{0};
inline Atomic<unsigned> last_other_id{1U << 30U};  // of rows that are no task
inline Atomic<int> last_thread_number{0};
inline Atomic<std::size_t> used_thread_rows{0};  // the rows from this one on were never used
inline Atomic<std::uint64_t> without_room{0};
inline Atomic<int> paused_clocks{0};
inline Atomic<bool> is_on{false};

inline constinit thread_local ThreadRow* my_row = nullptr;
inline constinit thread_local bool has_left = false;

/// Frees the thread's row when the thread ends.
struct Leave {
    bool is_used = false;
    Leave() = default;
    Leave(const Leave&) = delete;
    Leave& operator=(const Leave&) = delete;
    ~Leave() {
        if (ThreadRow* row = std::exchange(my_row, nullptr)) {
            row->id.store(0, relaxed);
        }
        has_left = true;
    }
};
inline thread_local Leave leave;

/// The calling thread's row. Null if the thread is ending, or if the table is full.
inline ThreadRow* this_thread() noexcept {
    if (my_row != nullptr || has_left) {
        return my_row;
    }
    for (std::size_t i = 0; i < max_threads; ++i) {
        ThreadRow& row = thread_rows[i];
        int nobody = 0;
        if (row.id.load(relaxed) == 0 && row.id.compare_exchange_strong(nobody, sys::thread_id(), relaxed)) {
            std::size_t used = used_thread_rows.load(relaxed);
            while (used <= i && !used_thread_rows.compare_exchange_weak(used, i + 1, relaxed)) {}
            leave.is_used = true;
            row.number.store(last_thread_number.fetch_add(1, relaxed) + 1, relaxed);
            row.role.store(nullptr, relaxed);
            row.polls.store(nullptr, relaxed);
            row.park.store(nullptr, relaxed);
            row.unparked_at.store(0, relaxed);
            row.cause.store(nullptr, relaxed);
            row.io_flags.store(0, relaxed);
            return my_row = &row;
        }
    }
    return nullptr;
}

inline TaskRow& probe(const void* subject, std::size_t i) noexcept {
    auto const hash = (reinterpret_cast<std::uintptr_t>(subject) >> 4U) * 0x9E3779B97F4A7C15U;
    return task_rows[((hash >> 40U) + i) % max_tasks];
}

inline TaskRow* find(const void* subject) noexcept {
    for (std::size_t i = 0; i < probes; ++i) {
        if (TaskRow& row = probe(subject, i); row.subject.load(relaxed) == subject) {
            return &row;
        }
    }
    return nullptr;
}

inline void clear(TaskRow& row) noexcept {
    row.file.store(nullptr, relaxed);
    row.line.store(0, relaxed);
    row.name.set("");
    row.last_result.store(TaskRow::never_polled, relaxed);
    for (auto* count : {&row.polls, &row.wakes, &row.self_wakes}) {
        count->store(0, relaxed);
    }
    for (auto* time : {&row.clones, &row.drops, &row.queued_at, &row.polled_at, &row.woken_at}) {
        time->store(0, relaxed);
    }
    row.is_woken.store(false, relaxed);
    row.is_aborted.store(false, relaxed);
    row.polled_by.store(nullptr, relaxed);
    row.outer.store(nullptr, relaxed);
}

template <class T>
void add(Atomic<T>& count, T amount = 1) noexcept {
    count.fetch_add(amount, relaxed);
}

}  // namespace detail

}  // namespace rt::record
