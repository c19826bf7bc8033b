/// \file
/// 08.9: coroutines that await coroutines. Each of them is polled by the coroutine that awaits it.
#include <doctest/doctest.h>

#include <rt/async.hpp>
#include <rt/future.hpp>
#include <rt/join.hpp>
#include <support/counted_future.hpp>
#include <support/death.hpp>
#include <support/drop_counter.hpp>
#include <support/mock_task.hpp>
#include <support/story.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

using namespace support;
using rt::Async, rt::Pending, rt::Ready;

namespace {

constexpr std::uintptr_t most_stack_of_a_level = rt::checks_enabled ? 2048 : 256;  // bytes

/// Notes where on the stack it is polled, and is Pending twice.
class Probe {
  public:
    using Output = int;

    explicit Probe(std::vector<std::uintptr_t>* places) noexcept : places_(places) {}

    [[gnu::noinline]] rt::Poll<int> poll(rt::Context& cx) {
        places_->push_back(reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0)));
        if (places_->size() == 3) {
            return Ready(0);
        }
        cx.waker().wake_by_ref();
        return Pending;
    }

  private:
    std::vector<std::uintptr_t>* places_;
};

Async<int> deep(int depth, std::vector<std::uintptr_t>* places) {
    if (depth == 0) {
        Probe probe(places);
        co_return co_await probe;
    }
    co_return 1 + co_await deep(depth - 1, places);
}

/// Notes where on the stack it is destroyed.
class LastPlace {
  public:
    explicit LastPlace(std::uintptr_t* place) noexcept : place_(place) {}
    LastPlace(LastPlace&& other) noexcept : place_(std::exchange(other.place_, nullptr)) {}
    [[gnu::noinline]] ~LastPlace() {
        if (place_ != nullptr) {
            *place_ = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
        }
    }

  private:
    std::uintptr_t* place_;
};

Async<int> never(LastPlace) { co_return co_await rt::pending<int>(); }

Async<int> around(Async<int> inner) { co_return 1 + co_await inner; }

/// `depth` coroutines around one that notes where it is destroyed. To make them takes no stack.
Async<int> never_at(int depth, std::uintptr_t* place) {
    std::vector<Async<int>> outermost;
    outermost.push_back(never(LastPlace(place)));
    for (int level = 0; level < depth; ++level) {
        Async<int> inner = std::move(outermost.back());
        outermost.back() = around(std::move(inner));
    }
    return std::move(outermost.back());
}

/// Where the innermost of `depth` coroutines is destroyed.
std::uintptr_t place_of_the_end(int depth, bool is_polled) {
    std::uintptr_t place = 0;
    auto task = spawn_mock("the outermost coroutine", never_at(depth, &place));
    if (is_polled) {
        CHECK(task.poll() == Pending);
    }
    task.drop();
    return place;
}

/// Where the three polls of a leaf that is `depth` coroutines deep find the stack.
std::vector<std::uintptr_t> places_of_polls(int depth) {
    std::vector<std::uintptr_t> places;
    auto task = spawn_mock("the outermost coroutine", deep(depth, &places));
    CHECK(task.poll() == Pending);
    CHECK(task.poll() == Pending);
    CHECK(task.poll() == Ready(depth));
    REQUIRE(places.size() == 3);
    return places;
}

Async<std::string> inner(Remote<std::string>* kettle, DropCounter* drops) {
    auto token = drops->token();
    std::string first = co_await kettle->future();
    co_return first + " inner";
}

Async<std::string> middle(Remote<std::string>* kettle, DropCounter* drops) {
    auto token = drops->token();
    std::string text = co_await inner(kettle, drops);
    co_return text + " middle";
}

/// Awaits a coroutine that somebody else owns.
Async<std::string> borrower(Async<std::string>* lent) {
    std::string text = co_await *lent;
    co_return text + " borrower";
}

Async<std::string> borrower_of_borrower(Async<std::string>* lent) {
    std::string text = co_await borrower(lent);
    co_return text + " twice";
}

Async<int> twice(Remote<int>* first, Remote<int>* second) {
    int sum = co_await first->future();
    sum += co_await second->future();
    co_return sum;
}

Async<int> sums(Remote<int>* a, Remote<int>* b, Remote<int>* c, Remote<int>* d) {
    int sum = co_await twice(a, b);
    sum += co_await twice(c, d);
    co_return sum;
}

Async<int> joins(Remote<int>* a, Remote<int>* b, Remote<int>* c, Remote<int>* d) {
    auto both = co_await rt::join(twice(a, b), twice(c, d));
    co_return std::get<0>(both) + std::get<1>(both);
}

}  // namespace

TEST_SUITE("08.9 all together: coroutines that await coroutines") {
    TEST_CASE("each level takes little stack") {
        constexpr int levels = 1000;
        std::vector<std::uintptr_t> const shallow = places_of_polls(1);
        std::vector<std::uintptr_t> const far_down = places_of_polls(1 + levels);
        for (std::size_t poll = 0; poll < shallow.size(); ++poll) {
            CAPTURE(poll);
            CHECK((shallow[poll] - far_down[poll]) / levels <= most_stack_of_a_level);
        }
    }

    TEST_CASE("to destroy a level takes no more stack than to poll it") {
        constexpr int levels = 1000;
        for (bool const is_polled : {false, true}) {
            CAPTURE(is_polled);
            std::uintptr_t const shallow = place_of_the_end(1, is_polled);
            std::uintptr_t const far_down = place_of_the_end(1 + levels, is_polled);
            CHECK((shallow - far_down) / levels <= most_stack_of_a_level);
        }
    }

    TEST_CASE("five thousand levels are polled and destroyed") {
        constexpr int levels = 5'000;
        CHECK(places_of_polls(levels).size() == 3);
        CHECK(place_of_the_end(levels, true) != 0);
        CHECK(place_of_the_end(levels, false) != 0);
    }

    TEST_CASE("an inner coroutine ends and the next begins within one poll") {
        Remote<int> a("a"), b("b"), c("c"), d("d");
        auto task = spawn_mock("the sum", sums(&a, &b, &c, &d));
        CHECK(task.poll() == Pending);
        a.finish(1);
        CHECK(task.poll() == Pending);
        c.finish(100);
        b.finish(10);
        CHECK(task.poll() == Pending);
        d.finish(1000);
        CHECK(task.poll() == Ready(1111));
        CHECK(a.polls() == 2);
        CHECK(b.polls() == 2);
        CHECK(c.polls() == 1);
        CHECK(d.polls() == 2);
    }

    TEST_CASE("coroutines inside of a join") {
        Remote<int> a("a"), b("b"), c("c"), d("d");
        auto task = spawn_mock("the join", joins(&a, &b, &c, &d));
        CHECK(task.poll() == Pending);
        c.finish(100);
        CHECK(task.poll() == Pending);
        a.finish(1);
        b.finish(10);
        CHECK(task.poll() == Pending);
        d.finish(1000);
        CHECK(task.poll() == Ready(1111));
    }

    TEST_CASE("dropping the outermost drops all that it awaits") {
        Remote<std::string> kettle("the kettle");
        DropCounter drops;
        auto task = std::make_unique<Async<std::string>>(middle(&kettle, &drops));
        rt::Waker waker = rt::Waker::noop();
        rt::Context cx(waker);
        step("poll it: two coroutines wait");
        CHECK(task->poll(cx) == Pending);
        CHECK(drops.alive() == 2);
        task.reset();
        CHECK(drops.alive() == 0);
        CHECK(kettle.drops() == 1);
    }

    TEST_CASE("a coroutine that was polled by hand can be awaited") {
        Remote<std::string> kettle("the kettle");
        DropCounter drops;
        auto lent = middle(&kettle, &drops);
        rt::Waker waker = rt::Waker::noop();
        rt::Context cx(waker);
        step("poll it by hand: it waits two levels deep");
        CHECK(lent.poll(cx) == Pending);
        step("a coroutine awaits it");
        auto task = spawn_mock("the borrower", borrower_of_borrower(&lent));
        CHECK(task.poll() == Pending);
        CHECK(kettle.polls() == 2);
        kettle.finish("hot");
        CHECK(task.is_woken());
        CHECK(task.poll() == Ready(std::string("hot inner middle borrower twice")));
        CHECK(kettle.polls() == 3);
        CHECK(drops.alive() == 0);
    }

    TEST_CASE("a coroutine that was awaited by reference goes on when the one that awaits it is dropped") {
        Remote<std::string> kettle("the kettle");
        DropCounter drops;
        auto lent = std::make_unique<Async<std::string>>(middle(&kettle, &drops));
        {
            auto task = spawn_mock("the borrower", borrower_of_borrower(&*lent));
            CHECK(task.poll() == Pending);
            CHECK(task.poll() == Pending);
        }
        CHECK(drops.alive() == 2);
        SUBCASE("polled by hand") {
            auto task = spawn_mock("what was lent", rt::by_ref(*lent));
            CHECK(task.poll() == Pending);
            kettle.finish("hot");
            CHECK(task.poll() == Ready(std::string("hot inner middle")));
        }
        SUBCASE("lent to another") {
            auto task = spawn_mock("the next borrower", borrower(&*lent));
            CHECK(task.poll() == Pending);
            kettle.finish("hot");
            CHECK(task.poll() == Ready(std::string("hot inner middle borrower")));
        }
        SUBCASE("dropped") {
            lent.reset();
            CHECK(drops.alive() == 0);
        }
    }

    TEST_CASE("a coroutine that waits for a future of its own goes on when the one that awaits it is dropped") {
        Remote<std::string> kettle("the kettle");
        DropCounter drops;
        auto lent = inner(&kettle, &drops);
        {
            auto task = spawn_mock("the borrower", borrower(&lent));
            CHECK(task.poll() == Pending);
        }
        auto task = spawn_mock("what was lent", rt::by_ref(lent));
        CHECK(task.poll() == Pending);
        kettle.finish("hot");
        CHECK(task.poll() == Ready(std::string("hot inner")));
    }

    TEST_CASE("if two coroutines await one and the first gets its value the other is reported") {
        Remote<std::string> kettle("the kettle");
        DropCounter drops;
        auto lent = inner(&kettle, &drops);
        auto first = spawn_mock("the borrower", borrower(&lent));
        auto second = spawn_mock("the other borrower", borrower(&lent));
        CHECK(first.poll() == Pending);
        CHECK(second.poll() == Pending);
        kettle.finish("hot");
        CHECK(second.poll() == Ready(std::string("hot inner borrower")));
        expect_violation("Async: polled after Ready", [&] { (void)first.poll(); });
    }
}
