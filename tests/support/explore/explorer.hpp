/// \file
/// The explorer: runs a test with threads again and again, each time in another order, until it has seen all orders.
///
/// The threads of a test are real ones, but only one of them runs at a time. Before each operation on an explored atomic,
/// lock, condition variable, or thread (explore/sync.hpp), the explorer decides which thread goes on. An atomic keeps its
/// earlier values, so that a load with a weak order can return an old one, as on a machine that is not an x86. README.md
/// beside this file says what is explored and what is not.
///
/// Called by: tests, through `every_order`. explore/sync.hpp calls the functions in `explore::detail`.
///
/// Source: loom (the Rust crate) for the memory model, "Context bounded model checking" (CHESS) for the bound on preemptions,
/// Godefroid's sleep sets for the orders that are left out.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <source_location>
#include <string>
#include <utility>

namespace explore {

/// No bound on preemptions. A preemption is a change of threads although the current one could go on.
inline constexpr int unbounded = std::numeric_limits<int>::max();

/// How far a search goes.
struct Limits {
    int preemptions = unbounded;    ///< in one execution. With a bound, orders with more of them are not seen.
    long executions = 200'000;      ///< in all
    std::chrono::seconds time{30};  ///< in all
    int steps = 2'000;              ///< operations of one execution
    int surprises = 1;              ///< wakes for no reason, timeouts, and weak exchanges that fail, in one execution
};

/// What a search has found.
struct Result {
    enum class End { exhausted, limit, failed };

    End end = End::exhausted;
    long executions = 0;
    int threads = 0;      ///< of an execution, at most
    int operations = 0;   ///< of an execution, at most
    int preemptions = 0;  ///< of the execution that failed
    std::string why;      ///< why it failed, or which limit was reached
    std::string
        order;  ///< the execution that failed, for `replay`. Empty after a random search: its seed finds it again.
    std::string story;  ///< the execution that failed: a line for each operation, a column for each thread

    bool failed() const noexcept { return end == End::failed; }
    bool is_exhausted() const noexcept { return end == End::exhausted; }
};

/// Runs `body` in every order within `limits`, until an execution fails. Then looks for the failing order with the fewest
/// preemptions. `body` makes its objects, starts threads (`explore::Thread`), and joins them.
Result search(const std::function<void()>& body, Limits limits = {});

/// Runs `body` in random orders that `seed` determines. For what has too many orders.
Result search_at_random(const std::function<void()>& body, std::uint64_t seed, Limits limits = {});

/// Runs `body` once, in the order of a Result. "Exhausted" means that this order passes. Called to look at it in a debugger.
Result replay(const std::function<void()>& body, const std::string& order, Limits limits = {});

/// Searches, and fails the test case with the story if an execution fails or a limit is reached. Called by tests.
/// With EXPLORE_ORDER in the environment, only runs that order.
void every_order(const std::function<void()>& body, Limits limits = {},
                 std::source_location where = std::source_location::current());

/// Ends the execution as a failed one, with `sentence`, unless `is_true`. Called in the body and in its threads.
void expect(bool is_true, const char* sentence, std::source_location where = std::source_location::current());

/// Plain memory that threads must not access at the same time. Finds accesses that nothing orders.
template <class T>
class Cell;

namespace detail {

enum class Kind : unsigned char { load, update, lock, unlock, wait, wake, notify, join, yield, note };

/// What a thread is about to do.
struct Op {
    Kind kind;
    const void* object = nullptr;
    bool writes =
        false;  ///< or is a seq_cst load, which limits what later ones see. Others on one object can change places
    std::source_location where{};
    const void* second = nullptr;  ///< the lock of a wait
    int target = -1;               ///< the thread of a join
};

/// True if the calling thread belongs to an execution. Otherwise explored objects are ordinary ones.
bool is_explored() noexcept;

// Atomics. `now` is the value that the object holds, and all values are passed as 64 bits.
std::uint64_t load(const void* atomic, std::uint64_t now, int order, std::source_location where);
void before_change(const void* atomic, std::source_location where);
void store(const void* atomic, std::uint64_t before, std::uint64_t after, int order);
void update(const void* atomic, std::uint64_t before, std::uint64_t after, int order);
void failed_exchange(const void* atomic, std::uint64_t now, int order);  // a compare_exchange that has failed
void begin(const void* object) noexcept;                                 // a new object at this address
bool surprise();                                                         // shall a weak exchange fail for no reason?

// Locks and condition variables.
void lock(const void* mutex, std::source_location where);
void unlock(const void* mutex, std::source_location where) noexcept;
bool wait(const void* condvar, const void* mutex, bool is_timed, std::source_location where);  // false: time is up
void notify(const void* condvar, bool all, std::source_location where);

// Threads.
int start(std::function<void()> body);
void join(int thread, std::source_location where);
void yield(std::source_location where);

// Plain memory.
void access(const void* memory, bool writes, std::source_location where);

}  // namespace detail

template <class T>
class Cell {
  public:
    explicit Cell(T value = T()) : value_(std::move(value)) {
        detail::begin(this);
        detail::access(this, true, std::source_location::current());
    }
    ~Cell() { detail::access(this, true, std::source_location::current()); }
    Cell(const Cell&) = delete;
    Cell& operator=(const Cell&) = delete;

    T get(std::source_location where = std::source_location::current()) const {
        detail::access(this, false, where);
        return value_;
    }
    void set(T value, std::source_location where = std::source_location::current()) {
        detail::access(this, true, where);
        value_ = std::move(value);
    }

  private:
    T value_;
};

}  // namespace explore
