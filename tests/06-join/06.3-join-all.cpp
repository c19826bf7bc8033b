/// \file
/// 06.3: as many futures of one type as there are.
#include <doctest/doctest.h>
#include <rt/future.hpp>
#include <rt/join.hpp>
#include <support/counted_future.hpp>
#include <support/mock_task.hpp>
#include <support/more_polls.hpp>

#include <cstddef>
#include <deque>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

using namespace support;
using rt::Pending, rt::Ready;

namespace {

/// Kettles that the test lets boil one by one.
class Kettles {
  public:
    explicit Kettles(std::size_t count) {
        for (std::size_t n = 0; n < count; ++n) {
            remotes_.emplace_back(fmt::format("kettle {}", n));
        }
    }

    std::vector<CountedFuture<int>> futures() {
        std::vector<CountedFuture<int>> futures;
        futures.reserve(remotes_.size());
        for (auto& remote : remotes_) {
            futures.push_back(remote.future());
        }
        return futures;
    }

    Remote<int>& operator[](std::size_t n) { return remotes_[n]; }

    std::vector<int> polls() const {
        std::vector<int> polls;
        for (const auto& remote : remotes_) {
            polls.push_back(remote.polls());
        }
        return polls;
    }

  private:
    std::deque<Remote<int>> remotes_;
};

}  // namespace

TEST_SUITE("06.3 join_all") {
    TEST_CASE("every child is polled and none after it is done") {
        Kettles kettles(3);
        auto all = spawn_mock("join_all", rt::join_all(kettles.futures()));
        CHECK(all.poll() == Pending);
        CHECK(kettles.polls() == std::vector{1, 1, 1});
        kettles[1].finish(10);
        CHECK(all.poll() == Pending);
        CHECK(kettles.polls() == std::vector{2, 2, 2});
        CHECK(kettles[1].drops() == 1);
        kettles[0].finish(0);
        CHECK(all.poll() == Pending);
        CHECK(kettles.polls() == std::vector{3, 2, 3});
        kettles[2].finish(20);
        CHECK(all.poll() == Ready(std::vector{0, 10, 20}));
        CHECK(kettles.polls() == std::vector{3, 2, 4});
        CHECK(all.wakes() == 3);
        CHECK(all.kept_wakers() == 0);
    }

    TEST_CASE("children are polled in the order of the vector") {
        std::vector<int> order;
        auto child = [&order](int n) {
            return rt::poll_fn([&order, n](rt::Context&) -> rt::Poll<void> {
                order.push_back(n);
                return Pending;
            });
        };
        std::vector<decltype(child(0))> children;
        for (int n = 1; n <= 3; ++n) {
            children.push_back(child(n));
        }
        auto all = spawn_mock("join_all", rt::join_all(std::move(children)));
        CHECK(all.poll() == Pending);
        CHECK(order == std::vector{1, 2, 3});
        expect_more_polls(all.future(), "join_all");
    }

    TEST_CASE("results come in the order of the vector and not of completion") {
        Kettles kettles(4);
        auto all = spawn_mock("join_all", rt::join_all(kettles.futures()));
        CHECK(all.poll() == Pending);
        for (std::size_t n = 4; n-- > 0;) {
            kettles[n].finish(static_cast<int>(n));
            CHECK(all.poll().is_ready() == (n == 0));
            if (n == 1) {
                kettles[0].finish(0);
                CHECK(all.poll() == Ready(std::vector{0, 1, 2, 3}));
                break;
            }
        }
    }

    TEST_CASE("none at all is done at once") {
        auto all = spawn_mock("join_all", rt::join_all(std::vector<CountedFuture<int>>()));
        CHECK(all.poll() == Ready(std::vector<int>()));
    }

    TEST_CASE("all run to their end and then the first exception is thrown") {
        Kettles kettles(4);
        auto all = spawn_mock("join_all", rt::join_all(kettles.futures()));
        CHECK(all.poll() == Pending);
        kettles[3].fail(std::runtime_error("kettle 3 burst"));
        CHECK(all.poll() == Pending);
        kettles[1].fail(std::runtime_error("kettle 1 burst"));
        CHECK(all.poll() == Pending);
        kettles[2].finish(2);
        CHECK(all.poll() == Pending);
        kettles[0].finish(0);
        CHECK_THROWS_WITH_AS((void)all.poll(), "kettle 1 burst", std::runtime_error);
        CHECK(kettles.polls() == std::vector{5, 3, 4, 2});
    }

    TEST_CASE("dropped half-way it cancels its children") {
        Kettles kettles(3);
        auto all = spawn_mock("join_all", rt::join_all(kettles.futures()));
        CHECK(all.poll() == Pending);
        kettles[1].finish(1);
        CHECK(all.poll() == Pending);
        all.drop();
        CHECK(kettles[0].drops() == 1);
        CHECK(kettles[1].drops() == 1);
        CHECK(kettles[2].drops() == 1);
        CHECK(all.kept_wakers() == 0);
    }

    TEST_CASE("the newest waker reaches every child") {
        Kettles kettles(3);
        auto join = rt::join_all(kettles.futures());
        auto first = spawn_mock("join_all by its first owner", rt::by_ref(join));
        auto second = spawn_mock("join_all by its second owner", rt::by_ref(join));
        CHECK(first.poll() == Pending);
        CHECK(second.poll() == Pending);
        CHECK(first.kept_wakers() == 0);
        for (std::size_t n = 0; n < 3; ++n) {
            kettles[n].finish(static_cast<int>(n));
        }
        CHECK(first.wakes() == 0);
        CHECK(second.wakes() == 3);
        CHECK(second.poll() == Ready(std::vector{0, 1, 2}));
    }

    TEST_CASE("a thousand children") {
        Kettles kettles(1000);
        auto all = spawn_mock("join_all", rt::join_all(kettles.futures()));
        CHECK(all.poll() == Pending);
        for (std::size_t n = 0; n < 1000; ++n) {
            kettles[n].finish(static_cast<int>(n));
        }
        auto result = all.poll();
        REQUIRE(result.is_ready());
        CHECK(result.value().size() == 1000);
        CHECK(result.value().back() == 999);
        CHECK(kettles.polls() == std::vector<int>(1000, 2));
    }
}
