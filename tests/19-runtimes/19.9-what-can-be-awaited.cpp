/// \file
/// 19.9: timers, sockets, blocking work and foreign threads, on each runtime.
#include "flavors.hpp"
#include "what_to_run.hpp"

#include <doctest/doctest.h>
#include <rt/async.hpp>
#include <rt/future.hpp>
#include <rt/join_set.hpp>
#include <rt/oneshot.hpp>
#include <rt/runtime.hpp>
#include <rt/spawn_blocking.hpp>
#include <rt/sync.hpp>
#include <rt/tcp.hpp>
#include <rt/time.hpp>
#include <support/drop_counter.hpp>
#include <support/show.hpp>
#include <support/story.hpp>

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace support;
using rt::Flavor;

namespace {

/// How long each sleeper has slept, in ms, or -1 if its sleep was too short. The order in which they wake up depends on the
/// machine, because a thread that stands still for a moment finds several deadlines past.
rt::Async<std::vector<int>> sleepers() {
    auto sleeper = [](int n) -> rt::Async<int> {
        auto begin = rt::time::now();
        co_await rt::sleep(std::chrono::milliseconds(n));
        co_return rt::time::now() - begin < std::chrono::milliseconds(n) ? -1 : n;
    };
    rt::JoinSet<int> set;
    for (int n : {15, 5, 10, 0}) {
        set.spawn(sleeper, n);
    }
    std::vector<int> slept;
    while (auto next = co_await set.join_next()) {
        slept.push_back(*next);
    }
    std::sort(slept.begin(), slept.end());
    co_return slept;
}

rt::Async<> echo_once(rt::TcpListener listener) {
    rt::TcpStream stream = co_await listener.accept();
    std::string text = co_await stream.read_to_string();
    co_await stream.write_all(text);
}

rt::Async<std::string> connection() {
    rt::TcpListener listener = co_await rt::TcpListener::bind("127.0.0.1:0");
    rt::SocketAddr address = listener.local_addr();
    auto server = rt::spawn(echo_once(std::move(listener)));
    rt::TcpStream stream = co_await rt::TcpStream::connect(address);
    co_await stream.write_all("there and back");
    co_await stream.shutdown();
    std::string answer = co_await stream.read_to_string();
    co_await server;
    co_return answer;
}

/// A wake from a thread that the runtime does not know.
rt::Async<int> from_afar() {
    auto [sender, receiver] = rt::oneshot::channel<int>();
    std::thread thread([s = std::move(sender)]() mutable { std::move(s).send(3); });
    int value = co_await receiver;
    thread.join();
    co_return value;
}

}  // namespace

TEST_SUITE("19.9 all together: each runtime") {
    TEST_CASE("values and exceptions come back from each runtime") {
        for (Flavor flavor : all_flavors()) {
            DropCounter frames;
            step("run on {}", flavor.to_string());
            CHECK(rt::run(flavor, squares()) == 2'686'700);
            CHECK(*rt::run(flavor, move_only()) == 7);
            CHECK_THROWS_WITH_AS(rt::run(flavor, fail()), "the kettle is broken", std::runtime_error);
            rt::run(flavor, leave_one_behind(frames.token()));
            CHECK(frames.alive() == 0);
        }
    }

    TEST_CASE("tasks run on the caller's thread in a foreign loop") {
        for (Flavor flavor : all_flavors()) {
            step("run on {}", flavor.to_string());
            bool is_here = rt::run(flavor, thread_of_a_task()) == rt::this_thread_id();
            CHECK(is_here == (flavor.kind != Flavor::Kind::multi_thread));
        }
    }

    TEST_CASE("a flavor that was not built in is said to be so") {
        if (!rt::has_asio) {
            step("run on asio");
            CHECK_THROWS_WITH_AS(rt::run(Flavor::asio(), rt::ready()),
                                 "this program was built without Asio. Install libasio-dev and build again.",
                                 std::runtime_error);
        }
    }

    TEST_CASE("timers and sockets and blocking work and foreign threads on each runtime") {
        for (Flavor flavor : all_flavors()) {
            step("timers on {}", flavor.to_string());
            CHECK(rt::run(flavor, sleepers()) == std::vector<int>{0, 5, 10, 15});
            step("a connection on {}", flavor.to_string());
            CHECK(rt::run(flavor, connection()) == "there and back");
            step("blocking work on {}", flavor.to_string());
            auto blocking = []() -> rt::Async<int> { co_return co_await rt::spawn_blocking([] { return 42; }); };
            CHECK(rt::run(flavor, blocking()) == 42);
            step("a foreign thread on {}", flavor.to_string());
            CHECK(rt::run(flavor, from_afar()) == 3);
        }
    }
}
