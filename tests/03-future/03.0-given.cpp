#include <doctest/doctest.h>
#include <rt/future.hpp>
#include <support/counted_future.hpp>
#include <support/mock_task.hpp>

#include <string>
#include <type_traits>
#include <variant>

using namespace support;
using rt::Context;
using rt::Future;
using rt::Pending;
using rt::Poll;
using rt::Ready;

namespace {

struct HotKettle {
    using Output = int;
    Poll<int> poll(Context&) { return Ready(100); }
};

struct NamesNoOutput {
    Poll<int> poll(Context&) { return Pending; }
};

struct CannotBePolled {
    using Output = int;
};

struct ReturnsABareValue {
    using Output = int;
    int poll(Context&) { return 3; }
};

struct ReturnsAnotherType {
    using Output = int;
    Poll<std::string> poll(Context&) { return Pending; }
};

static_assert(Future<HotKettle>);
static_assert(Future<rt::ReadyFuture<int>>);
static_assert(Future<rt::PendingFuture<void>>);
static_assert(!Future<int>);
static_assert(!Future<HotKettle&>);
static_assert(!Future<NamesNoOutput>);
static_assert(!Future<CannotBePolled>);
static_assert(!Future<ReturnsABareValue>);
static_assert(!Future<ReturnsAnotherType>);

static_assert(std::is_same_v<rt::NonVoid<void>, std::monostate>);
static_assert(std::is_same_v<rt::NonVoid<int>, int>);
static_assert(std::is_same_v<rt::OutputOf<HotKettle>, int>);

}  // namespace

TEST_SUITE("03.0 given: the concept and by_ref") {
    TEST_CASE("by_ref lends a future") {
        Remote<int> kettle("the kettle");
        auto future = kettle.future();
        int const moves = kettle.moves();
        {
            auto task = spawn_mock("by_ref(kettle)", rt::by_ref(future));
            CHECK(task.poll() == Pending);
            CHECK(kettle.polls() == 1);
            CHECK(kettle.moves() == moves);
            task.drop();
            CHECK(kettle.drops() == 0);  // Only the loan has ended.
        }
        auto task = spawn_mock("by_ref(kettle) once more", rt::by_ref(future));
        kettle.finish(100);
        CHECK(task.poll() == Ready(100));
        CHECK(kettle.polls() == 2);
    }
}
