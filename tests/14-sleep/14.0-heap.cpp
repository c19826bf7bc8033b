#include <doctest/doctest.h>
#include <rt/park.hpp>
#include <rt/timer_heap.hpp>
#include <support/random.hpp>
#include <support/show.hpp>
#include <support/story.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <set>
#include <utility>
#include <vector>

using namespace support;
using namespace std::chrono_literals;

namespace {

/// Timers that stay where they are, known by their number.
class Table {
  public:
    explicit Table(int n) : timers_(std::make_unique<rt::Timer[]>(static_cast<std::size_t>(n))) {}

    rt::Timer& operator[](int i) { return timers_[static_cast<std::size_t>(i)]; }
    int number_of(const rt::Timer& timer) const { return static_cast<int>(&timer - timers_.get()); }

    void push(rt::TimerHeap& heap, int i, std::chrono::seconds at) {
        step("set timer {} to {} s", i, at.count());
        heap.push((*this)[i], rt::Instant(at));
    }

    /// Pops all, and says which they were.
    std::vector<int> pop_all(rt::TimerHeap& heap) {
        step("pop all");
        std::vector<int> numbers;
        while (!heap.is_empty()) {
            numbers.push_back(number_of(heap.pop()));
        }
        return numbers;
    }

  private:
    std::unique_ptr<rt::Timer[]> timers_;
};

using Numbers = std::vector<int>;

}  // namespace

TEST_SUITE("14.0 given: the heap") {
    TEST_CASE("an empty heap has no deadline") {
        rt::TimerHeap heap;
        CHECK(heap.is_empty());
        CHECK(heap.next_deadline() == rt::Instant::max());
    }

    TEST_CASE("the earliest comes first") {
        rt::TimerHeap heap;
        Table table(5);
        table.push(heap, 0, 30s);
        table.push(heap, 1, 10s);
        table.push(heap, 2, 50s);
        table.push(heap, 3, 20s);
        table.push(heap, 4, 40s);
        CHECK(heap.size() == 5);
        CHECK(heap.next_deadline() == rt::Instant(10s));
        CHECK(table.pop_all(heap) == Numbers{1, 3, 0, 4, 2});
    }

    TEST_CASE("equal deadlines come in the order in which they were set") {
        rt::TimerHeap heap;
        Table table(20);
        Numbers expected;
        for (int i = 0; i < 20; ++i) {
            table.push(heap, i, 10s);
            expected.push_back(i);
        }
        CHECK(table.pop_all(heap) == expected);
    }

    TEST_CASE("a timer that is set again comes behind its equals") {
        rt::TimerHeap heap;
        Table table(3);
        table.push(heap, 0, 10s);
        table.push(heap, 1, 10s);
        table.push(heap, 2, 10s);
        step("take timer 0 out");
        heap.remove(table[0]);
        table.push(heap, 0, 10s);
        CHECK(table.pop_all(heap) == Numbers{1, 2, 0});
    }

    TEST_CASE("any timer can be taken out and the rest stays in order") {
        constexpr int n = 40;
        for (int removed = 0; removed < n; ++removed) {
            rt::TimerHeap heap;
            Table table(n);
            for (int i = 0; i < n; ++i) {
                heap.push(table[i], rt::Instant(std::chrono::seconds((i * 17) % n)));
            }
            step("of {} timers take out number {}", n, removed);
            heap.remove(table[removed]);
            CHECK(heap.size() == n - 1);
            rt::Instant last = rt::Instant::min();
            bool in_order = true;
            bool removed_again = false;
            while (!heap.is_empty()) {
                in_order = in_order && last <= heap.next_deadline();
                last = heap.next_deadline();
                removed_again = removed_again || table.number_of(heap.pop()) == removed;
            }
            REQUIRE(in_order);
            REQUIRE_FALSE(removed_again);
        }
    }

    TEST_CASE("the last one can be taken out") {
        rt::TimerHeap heap;
        Table table(1);
        table.push(heap, 0, 10s);
        heap.remove(table[0]);
        CHECK(heap.is_empty());
        CHECK(heap.next_deadline() == rt::Instant::max());
    }

    TEST_CASE("a random mix agrees with a sorted set") {
        Random random(seed_of_this_run());
        constexpr int n = 500;
        rt::TimerHeap heap;
        Table table(n);
        // What must come next: by deadline, then by the order of setting.
        using Key = std::pair<int, int>;
        std::set<std::pair<Key, int>> expected;
        std::vector<Key> key_of(n, Key(-1, 0));
        for (int round = 1; round <= 20'000; ++round) {
            int const i = random.below(n);
            Key& key = key_of[static_cast<std::size_t>(i)];
            if (key.first < 0) {
                key = Key(random.below(100), round);
                expected.insert({key, i});
                heap.push(table[i], rt::Instant(std::chrono::seconds(key.first)));
            } else if (random.below(3) == 0) {
                int const popped = table.number_of(heap.pop());
                REQUIRE(popped == expected.begin()->second);
                key_of[static_cast<std::size_t>(popped)].first = -1;
                expected.erase(expected.begin());
            } else {
                heap.remove(table[i]);
                expected.erase({key, i});
                key.first = -1;
            }
            REQUIRE(heap.size() == expected.size());
        }
        for (auto& [key, i] : expected) {
            REQUIRE(table.number_of(heap.pop()) == i);
        }
        CHECK(heap.is_empty());
    }
}
