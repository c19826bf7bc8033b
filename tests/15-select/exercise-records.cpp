/// An exercise without a starter: read records of a fixed size, so that a timeout loses no byte.
///
/// A peer sends records of 4 bytes each. A read yields the bytes that have come, perhaps only 3 of the 4. If a
/// timeout ends a future that has read 3 bytes, these bytes must not be lost. Write `exercise::Records`, which is
/// used like this:
///
///     exercise::Records records(stream, 4);
///     std::optional<std::string> record = co_await rt::timeout(1s, records.next());
///
///  - `Records(stream, size)` keeps a reference to `stream`, which is any AsyncRead of lesson 13.
///  - `next()` returns a future of the next record. Its Output is std::optional<std::string>.
///  - After the last record, that future yields std::nullopt. If the stream ends in the middle of a record, it throws a
///    std::runtime_error. An error of the stream leaves its poll, too.
///  - `next()` is cancel-safe: if its future is destroyed before it is Ready, the next call of `next()` goes on with the
///    bytes that have come. Only one such future exists at a time.
///
/// Write it into mine/15-select/exercise.hpp. The file needs `#pragma once`, `#include <rt/io.hpp>`, and `namespace
/// exercise`. The loop judges it as soon as the file exists and the rest of the lesson is green.
#include <doctest/doctest.h>
#include <exercise.hpp>
#include <rt/async.hpp>
#include <rt/future.hpp>
#include <rt/task.hpp>
#include <rt/time.hpp>
#include <rt/timeout.hpp>
#include <support/death.hpp>
#include <support/mock_stream.hpp>
#include <support/mock_task.hpp>
#include <support/paused_clock.hpp>
#include <support/show.hpp>
#include <support/story.hpp>

#include <cerrno>
#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

using namespace support;
using namespace std::chrono_literals;
using rt::Async, rt::Pending, rt::Ready;

namespace {

using Record = std::optional<std::string>;

struct Connection {
    MockPeer peer;
    MockStream stream = peer.stream();
    exercise::Records<MockStream> records{stream, 4};
};

/// Sends `text` byte by byte, with a pause of 10 ms after each byte, and then ends the stream.
Async<> send_slowly(MockPeer* peer, std::string text) {
    for (char byte : text) {
        peer->send(std::string_view(&byte, 1));
        co_await rt::sleep(10ms);
    }
    peer->end();
}

}  // namespace

TEST_SUITE("15 exercise records of which no byte is lost") {
    TEST_CASE_FIXTURE(Connection, "records in one piece") {
        peer.send("teapot!!");
        auto first = spawn_mock("the first record", records.next());
        CHECK(first.poll() == Ready(Record("teap")));
        auto second = spawn_mock("the second record", records.next());
        CHECK(second.poll() == Ready(Record("ot!!")));
    }

    TEST_CASE_FIXTURE(Connection, "a record in pieces") {
        auto record = spawn_mock("the record", records.next());
        CHECK(record.poll() == Pending);
        peer.send("t");
        CHECK(record.is_woken());
        CHECK(record.poll() == Pending);
        peer.send("ea");
        CHECK_MESSAGE(
            record.is_woken(),
            "a part of the record came, and the future returned Pending without a waker in the stream. Poll the "
            "stream until it is Pending itself.");
        CHECK(record.poll() == Pending);
        peer.send("pot");
        CHECK(record.poll() == Ready(Record("teap")));
    }

    TEST_CASE("a record has as many bytes as was asked for") {
        MockPeer peer;
        MockStream stream = peer.stream();
        exercise::Records<MockStream> records(stream, 6);
        peer.send("teapots!!");
        auto record = spawn_mock("a record of 6 bytes", records.next());
        CHECK_MESSAGE(record.poll() == Ready(Record("teapot")),
                      "the size that was given to the constructor was not used");
    }

    TEST_CASE_FIXTURE(Connection, "a future that is destroyed leaves its bytes to the next one") {
        auto given_up = spawn_mock("the record", records.next());
        peer.send("tea");
        CHECK(given_up.poll() == Pending);
        given_up.drop();
        peer.send("p");
        auto record = spawn_mock("the record again", records.next());
        CHECK_MESSAGE(record.poll() == Ready(Record("teap")),
                      "the first three bytes are lost, because the future that read them kept them. Keep them in the "
                      "Records.");
    }

    TEST_CASE("a reader that often gives up gets every record") {
        auto body = []() -> Async<std::vector<std::string>> {
            Connection connection;
            auto sending = rt::spawn(send_slowly(&connection.peer, "one.two.six.ten."));
            std::vector<std::string> found;
            int timeouts = 0;
            for (;;) {
                try {
                    Record record = co_await rt::timeout(3ms, connection.records.next());
                    if (!record) {
                        break;
                    }
                    found.push_back(*record);
                } catch (const rt::Elapsed&) {
                    ++timeouts;
                }
            }
            CHECK(timeouts >= 30);
            co_await sending;
            co_return found;
        };
        step("read with a timeout of 3 ms, from a peer that sends a byte every 10 ms");
        CHECK(run_paused(body()) == std::vector<std::string>{"one.", "two.", "six.", "ten."});
    }

    TEST_CASE_FIXTURE(Connection, "after the last record there is none") {
        peer.send("teap");
        peer.end();
        auto record = spawn_mock("the record", records.next());
        CHECK(record.poll() == Ready(Record("teap")));
        for (int call = 1; call <= 2; ++call) {
            auto end = spawn_mock("the end", records.next());
            CHECK(end.poll() == Ready(Record()));
        }
    }

    TEST_CASE_FIXTURE(Connection, "a record that is cut short is an error") {
        peer.send("tea");
        peer.end();
        auto record = spawn_mock("the record", records.next());
        CHECK_THROWS_AS((void)record.poll(), std::runtime_error);
    }

    TEST_CASE_FIXTURE(Connection, "an error of the stream comes through") {
        peer.fail_read(ECONNRESET);
        auto record = spawn_mock("the record", records.next());
        CHECK_THROWS_AS((void)record.poll(), std::system_error);
    }

    TEST_CASE("it keeps the contract") {
        expect_violation("polled after Ready", [] {
            Connection connection;
            connection.peer.send("teap");
            auto record = spawn_mock("the record", connection.records.next());
            (void)record.poll();
            (void)record.poll();
        });
    }
}
