/// \file
/// 08.0: the parts of an Async that are given.
#include <doctest/doctest.h>
#include <rt/async.hpp>
#include <rt/future.hpp>
#include <rt/recycled.hpp>
#include <support/counted_future.hpp>
#include <support/death.hpp>

#include <type_traits>

using namespace support;

TEST_SUITE("08.0 given: frames and awaiters") {
    TEST_CASE("a frame is made of recycled memory") {
        CHECK(std::is_base_of_v<rt::Recycled, rt::Async<int>::promise_type>);
        CHECK(std::is_base_of_v<rt::Recycled, rt::Async<>::promise_type>);
    }

    TEST_CASE("an awaiter that is made polls nothing and leaves the future where it is") {
        Remote<int> kettle("the kettle");
        auto future = kettle.future();
        int const moves = kettle.moves();
        rt::detail::AsyncPromise promise;
        auto awaiter = promise.await_transform(future);
        CHECK_FALSE(awaiter.await_ready());
        CHECK(kettle.polls() == 0);
        CHECK(kettle.moves() == moves);
        CHECK(kettle.drops() == 0);
    }

    TEST_CASE("a body that is resumed before its future is done is caught") {
        expect_violation("a body was resumed although its future is Pending", [] {
            auto future = rt::pending<int>();
            rt::detail::AsyncPromise promise;
            (void)promise.await_transform(future).await_resume();
        });
    }
}
