// The state word once more, over an Atomic that counts: a wake that has nothing to schedule must write all the same.
#include <doctest/doctest.h>
#include <rt/sync.hpp>
#include <support/story.hpp>

namespace rt {

/// An Atomic that counts the writes which publish: those with a release in their order.
template <class T>
class CountedAtomic : private Atomic<T> {
    using Base = Atomic<T>;

  public:
    explicit CountedAtomic(T value) noexcept : Base(value) {}

    T load(std::memory_order order) const noexcept { return Base::load(order); }
    T fetch_or(T bits, std::memory_order order) noexcept { return count(order), Base::fetch_or(bits, order); }
    T fetch_and(T bits, std::memory_order order) noexcept { return count(order), Base::fetch_and(bits, order); }
    T fetch_xor(T bits, std::memory_order order) noexcept { return count(order), Base::fetch_xor(bits, order); }
    T fetch_add(T amount, std::memory_order order) noexcept { return count(order), Base::fetch_add(amount, order); }
    T fetch_sub(T amount, std::memory_order order) noexcept { return count(order), Base::fetch_sub(amount, order); }
    T exchange(T value, std::memory_order order) noexcept { return count(order), Base::exchange(value, order); }
    bool compare_exchange_weak(T& expected, T value, std::memory_order order, std::memory_order failure) noexcept {
        return compare_exchange_strong(expected, value, order, failure);
    }
    bool compare_exchange_strong(T& expected, T value, std::memory_order order, std::memory_order failure) noexcept {
        if (!Base::compare_exchange_strong(expected, value, order, failure)) {
            return false;
        }
        count(order);
        return true;
    }

    static inline int published = 0;

  private:
    static void count(std::memory_order order) noexcept {
        published += order == release || order == acq_rel || order == seq_cst;
    }
};

}  // namespace rt

#define Atomic CountedAtomic
#define TaskState CountedTaskState
#include <rt/task_state.hpp>
#undef Atomic
#undef TaskState

using namespace support;
using State = rt::CountedTaskState;

namespace {

template <class F>
int writes_of(F f) {
    int const before = rt::CountedAtomic<unsigned>::published;
    f();
    return rt::CountedAtomic<unsigned>::published - before;
}

}  // namespace

TEST_SUITE("09.1 the state word") {
    TEST_CASE("every wake writes to the word and publishes") {
        State state(false);
        INFO(
            "a wake that only reads the word does not publish what its thread did before: the poll may miss it for ever");
        step("wake a task that waits in the queue already");
        CHECK(writes_of([&] { (void)state.wake(); }) == 1);
        step("wake it during its poll: twice");
        (void)state.start();
        CHECK(writes_of([&] { (void)state.wake(); }) == 1);
        CHECK(writes_of([&] { (void)state.wake(); }) == 1);
        step("abort it when it is in the queue again");
        (void)state.pause();
        CHECK(writes_of([&] { (void)state.abort(); }) == 1);
    }

    TEST_CASE("the end of a task publishes its outcome") {
        State state(false);
        (void)state.start();
        INFO("the handle reads the outcome once it sees `complete`, so the write of that bit must be a release");
        step("end the last poll");
        CHECK(writes_of([&] { (void)state.complete(); }) == 1);
    }
}
