/// \file
/// Searches, and what explore/sync.hpp calls.
#include <support/explore/execution.hpp>
#include <support/explore/explorer.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <memory>
#include <optional>
#include <source_location>
#include <string>
#include <utility>

namespace explore {
namespace {

/// The one that explores.
Explorer* explorer = nullptr;

/// An explorer that has stopped is kept, because its threads are still inside.
Result explored(const std::function<void()>& body, Limits limits, std::optional<std::uint64_t> seed,
                const char* order = nullptr) {
    auto made = std::make_unique<Explorer>(limits, seed);
    Explorer* const before = std::exchange(explorer, made.get());
    Result result = order != nullptr ? made->replay(body, order) : made->search(body);
    explorer = before;
    if (made->has_stopped()) {
        (void)made.release();
    }
    return result;
}

}  // namespace

Result search(const std::function<void()>& body, Limits limits) {
    Result result = explored(body, limits, std::nullopt);
    for (int fewest = 0; result.failed() && fewest < result.preemptions; ++fewest) {
        Limits bounded = limits;
        bounded.preemptions = fewest;
        if (Result shorter = explored(body, bounded, std::nullopt); shorter.failed()) {
            shorter.executions += result.executions;
            return shorter;
        }
    }
    return result;
}

Result search_at_random(const std::function<void()>& body, std::uint64_t seed, Limits limits) {
    return explored(body, limits, seed);
}

Result replay(const std::function<void()>& body, const std::string& order, Limits limits) {
    std::size_t const end = std::min(order.find(':'), order.size());
    limits.preemptions = unbounded;
    std::from_chars(order.data(), order.data() + end, limits.preemptions);
    return explored(body, limits, std::nullopt, order.c_str() + std::min(end + 1, order.size()));
}

void every_order(const std::function<void()>& body, Limits limits, std::source_location where) {
    const char* const order = std::getenv("EXPLORE_ORDER");
    Result const result = order != nullptr ? replay(body, order, limits) : search(body, limits);
    MESSAGE(result.executions, " executions of at most ", result.threads, " threads and ", result.operations,
            " operations");
    if (!result.is_exhausted()) {
        INFO(result.why);
        std::string const found =
            result.failed() ? "the order below (to run it alone: EXPLORE_ORDER=" + result.order + ")\n" + result.story
                            : "a search that has not ended";
        ADD_FAIL_AT(where.file_name(), int(where.line()), found.substr(0, found.find_last_not_of('\n') + 1));
    }
}

void expect(bool is_true, const char* sentence, std::source_location where) {
    if (!is_true) {
        explorer->fail(sentence, where);
    }
}

namespace detail {

bool is_explored() noexcept { return self != nullptr; }

std::uint64_t load(const void* atomic, std::uint64_t now, int order, std::source_location where) {
    return explorer->load(atomic, now, order, where);
}
void before_change(const void* atomic, std::source_location where) {
    explorer->point({Kind::update, atomic, true, where});
}
void store(const void* atomic, std::uint64_t before, std::uint64_t after, int order) {
    explorer->write(atomic, before, after, order, false);
}
void update(const void* atomic, std::uint64_t before, std::uint64_t after, int order) {
    explorer->write(atomic, before, after, order, true);
}
void failed_exchange(const void* atomic, std::uint64_t now, int order) {
    explorer->failed_exchange(atomic, now, order);
}
void begin(const void* object) noexcept {
    if (is_explored()) {
        explorer->begin(object);
    }
}
bool surprise() { return explorer->surprise(); }

void lock(const void* mutex, std::source_location where) { explorer->lock(mutex, where); }
void unlock(const void* mutex, std::source_location where) noexcept { explorer->unlock(mutex, where); }
bool wait(const void* condvar, const void* mutex, bool is_timed, std::source_location where) {
    return explorer->wait(condvar, mutex, is_timed, where);
}
void notify(const void* condvar, bool all, std::source_location where) { explorer->notify(condvar, all, where); }

int start(std::function<void()> body) { return explorer->start(std::move(body)); }
void join(int thread, std::source_location where) { explorer->join(thread, where); }
void yield(std::source_location where) { explorer->yield(where); }

void access(const void* memory, bool writes, std::source_location where) {
    if (is_explored()) {
        explorer->access(memory, writes, where);
    }
}

}  // namespace detail
}  // namespace explore
