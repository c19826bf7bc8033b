#include <doctest/doctest.h>
#include <rt/budget.hpp>
#include <rt/buf_reader.hpp>
#include <rt/copy.hpp>
#include <rt/future.hpp>
#include <support/counted_new.hpp>
#include <support/mock_stream.hpp>
#include <support/mock_task.hpp>
#include <support/random.hpp>
#include <support/show.hpp>
#include <support/story.hpp>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <tuple>
#include <utility>

using namespace support;
using rt::Pending;
using rt::Ready;

namespace {

using Counts = std::pair<std::uint64_t, std::uint64_t>;

/// A stream of `bytes` bytes, of which each read takes one and spends budget. Counts what is written to it.
class Slow {
  public:
    explicit Slow(int bytes) noexcept : bytes_(bytes) {}

    rt::Poll<std::size_t> poll_read(rt::Context& cx, std::span<char> into) {
        if (!share_.poll_proceed(cx)) {
            return Pending;
        }
        if (bytes_ == 0) {
            waker_ = cx.waker();
            return Pending;
        }
        --bytes_;
        rt::budget::spend();
        into.front() = 'x';
        return Ready(std::size_t{1});
    }
    rt::Poll<std::size_t> poll_write(rt::Context&, std::string_view from) {
        written += from.size();
        return Ready(from.size());
    }
    rt::Poll<void> poll_shutdown(rt::Context&) { return Ready(); }

    std::size_t written = 0;

  private:
    int bytes_;
    rt::budget::Share share_;
    rt::Waker waker_;
};

/// What a copy is made from.
struct OneWay {
    MockPeer from;
    MockPeer to;
    MockStream reader = from.stream();
    MockStream writer = to.stream();
};

struct BothWays {
    MockPeer left;
    MockPeer right;
    MockStream a = left.stream();
    MockStream b = right.stream();
};

/// Polls once, and returns the errno that it threw, or 0.
template <class Task>
int thrown_by(Task& task) {
    try {
        std::ignore = task.poll();
        return 0;
    } catch (const std::system_error& error) {
        return error.code().value();
    }
}

constexpr char ends_both[] = "one direction has ended, and the copy is done. Wait for the other direction, too.";

}  // namespace

TEST_SUITE("17.3 copy") {
    TEST_CASE_FIXTURE(OneWay, "all that comes is written until the end") {
        from.send("one ");
        from.send("two ");
        auto copy = spawn_mock("copy", rt::copy(reader, writer));
        CHECK(copy.poll() == Pending);
        REQUIRE_MESSAGE(
            to.received() == "one two ",
            "the copy waits to read, and bytes that it has read are not written. Write each chunk before you "
            "read the next one.");
        from.send("three");
        CHECK(copy.is_woken());
        from.end();
        CHECK(copy.poll() == Ready(std::uint64_t{13}));
        CHECK(to.received() == "one two three");
        CHECK_MESSAGE(!to.is_shut_down(), "copy shut the writer down, but more may follow, from elsewhere");
    }

    TEST_CASE_FIXTURE(OneWay, "a short write is gone on with") {
        from.send("hello");
        from.end();
        to.take_room(2);
        auto copy = spawn_mock("copy", rt::copy(reader, writer));
        bool const waits = copy.poll() == Pending;
        REQUIRE_MESSAGE(waits, "the writer took 2 of 5 bytes, and the rest is lost. Write all of a chunk.");
        CHECK(to.received() == "he");
        to.take_room(1);
        CHECK(copy.is_woken());
        CHECK(copy.poll() == Pending);
        to.take_room(2);
        CHECK(copy.poll() == Ready(std::uint64_t{5}));
        CHECK(to.received() == "hello");
    }

    TEST_CASE_FIXTURE(OneWay, "while the writer is slow nothing is read") {
        to.take_room(0);
        from.send("a");
        auto copy = spawn_mock("copy", rt::copy(reader, writer));
        CHECK(copy.poll() == Pending);
        CHECK(from.reads() == 1);
        from.send("b");
        CHECK_FALSE(copy.is_woken());
        CHECK(copy.poll() == Pending);
        CHECK_MESSAGE(
            from.reads() == 1,
            "the writer takes nothing, and copy reads on. Read again when all of the last bytes are written.");
        to.take_room(10);
        CHECK(copy.poll() == Pending);
        CHECK(to.received() == "ab");
    }

    TEST_CASE_FIXTURE(OneWay, "an empty stream") {
        from.end();
        auto copy = spawn_mock("copy", rt::copy(reader, writer));
        CHECK(copy.poll() == Ready(std::uint64_t{0}));
        CHECK(to.writes() == 0);
    }

    TEST_CASE_FIXTURE(OneWay, "an error on either side ends it") {
        from.fail_read(ECONNRESET);
        auto copy = spawn_mock("copy", rt::copy(reader, writer));
        CHECK(thrown_by(copy) == ECONNRESET);
        from.send("x");
        to.fail_write(EPIPE);
        auto again = spawn_mock("copy again", rt::copy(reader, writer));
        CHECK(thrown_by(again) == EPIPE);
    }

    TEST_CASE_FIXTURE(OneWay, "while it waits to read it holds no memory") {
        from.send("x");
        long const before = bytes_in_use();
        auto copy = spawn_mock("copy", rt::copy(reader, writer));
        CHECK(copy.poll_silently() == Pending);
        bool const is_small = bytes_in_use() < before + 4 * 1024;  // the coroutine's frame is in it
        CHECK_MESSAGE(is_small, "a copy that waits to read keeps a buffer for what may come");
    }

    TEST_CASE("what a BufReader has read ahead is copied too") {
        MockPeer from;
        MockPeer to;
        rt::BufReader reader(from.stream());
        MockStream writer = to.stream();
        from.send("header\nbody");
        from.end();
        auto line = spawn_mock("read_line", reader.read_line());
        CHECK(line.poll() == Ready(std::optional<std::string>("header")));
        auto copy = spawn_mock("copy", rt::copy(reader, writer));
        CHECK(copy.poll() == Ready(std::uint64_t{4}));
        CHECK(to.received() == "body");
    }

    TEST_CASE_FIXTURE(OneWay, "wherever reads and writes are cut every byte comes once and in order") {
        Random random(seed_of_this_run());
        std::string text(200'000, '\0');
        std::generate(text.begin(), text.end(), [&] { return static_cast<char>(random.below(256)); });
        auto copy = spawn_mock("copy", rt::copy(reader, writer));
        to.take_room(0);
        std::size_t sent = 0;
        while (copy.poll_silently() == Pending) {
            still_alive();
            if (sent < text.size()) {
                std::size_t const piece = 1 + static_cast<std::size_t>(random.below(20'000));
                from.send(std::string_view(text).substr(sent, piece));
                sent = std::min(text.size(), sent + piece);
                if (sent == text.size()) {
                    from.end();
                }
            }
            to.take_room(1 + static_cast<std::size_t>(random.below(20'000)));
            CHECK(copy.is_woken());
        }
        bool const same = to.received() == text;
        CHECK(same);
    }
}

TEST_SUITE("17.3 copy both ways") {
    TEST_CASE_FIXTURE(BothWays, "both directions flow at once") {
        auto copy = spawn_mock("copy_bidirectional", rt::copy_bidirectional(a, b));
        left.send("question");
        right.send("greeting");
        CHECK(copy.poll() == Pending);
        CHECK(right.received() == "question");
        CHECK_MESSAGE(left.received() == "greeting",
                      "one direction waits for the end of the other one. Poll both of them in each poll.");
        left.send("?");
        CHECK(copy.is_woken());
        CHECK(copy.poll() == Pending);
        right.send("!");
        CHECK(copy.is_woken());
        CHECK(copy.poll() == Pending);
        left.end();
        right.end();
        CHECK(copy.poll() == Ready(Counts(9, 9)));
        CHECK(left.received() == "greeting!");
        CHECK(right.received() == "question?");
    }

    TEST_CASE("a half that closes is passed on and the way back stays open") {
        for (bool const is_left : {true, false}) {
            step("the {} side ends first", is_left ? "left" : "right");
            BothWays both;
            MockPeer& first = is_left ? both.left : both.right;
            MockPeer& other = is_left ? both.right : both.left;
            auto copy = spawn_mock("copy_bidirectional", rt::copy_bidirectional(both.a, both.b));
            first.send("all I have to say");
            first.end();
            bool const waits_on = copy.poll() == Pending;
            CHECK(other.received() == "all I have to say");
            REQUIRE_MESSAGE(other.is_shut_down(),
                            "one side has ended, and the other one was not told. Shut it down for writing.");
            CHECK_MESSAGE(!first.is_shut_down(), "only one direction has ended, and both sides were shut down");
            REQUIRE_MESSAGE(waits_on, ends_both);
            other.send("a late answer");
            CHECK(copy.is_woken());
            bool const waits = copy.poll() == Pending;
            REQUIRE_MESSAGE(waits, ends_both);
            other.end();
            auto const counts = copy.poll().value();
            CHECK_MESSAGE(
                counts == (is_left ? Counts(17, 13) : Counts(13, 17)),
                "the first count is of the bytes from `a` to `b`, and the second one of those from `b` to `a`");
            CHECK(first.received() == "a late answer");
            CHECK(first.is_shut_down());
            CHECK_MESSAGE(other.shutdowns() == 1,
                          "a direction that is done shuts down again whenever the other one is polled");
        }
    }

    TEST_CASE_FIXTURE(BothWays, "a slow side does not stop the other direction") {
        right.take_room(0);
        auto copy = spawn_mock("copy_bidirectional", rt::copy_bidirectional(a, b));
        left.send("for a side that takes nothing");
        CHECK(copy.poll() == Pending);
        right.send("greeting");
        CHECK(copy.is_woken());
        CHECK(copy.poll() == Pending);
        CHECK_MESSAGE(
            left.received() == "greeting",
            "one direction waits to write, and the other one stopped. Let each of them have a future of its own.");
    }

    TEST_CASE_FIXTURE(BothWays, "a half closes only when its last byte is written") {
        right.take_room(1);
        left.send("xy");
        left.end();
        auto copy = spawn_mock("copy_bidirectional", rt::copy_bidirectional(a, b));
        CHECK(copy.poll() == Pending);
        CHECK_MESSAGE(!right.is_shut_down(), "the side was shut down before it got the last byte");
        right.take_room(1);
        CHECK(copy.poll() == Pending);
        CHECK(right.received() == "xy");
        CHECK(right.is_shut_down());
    }

    TEST_CASE_FIXTURE(BothWays, "an error of one way ends both") {
        auto copy = spawn_mock("copy_bidirectional", rt::copy_bidirectional(a, b));
        CHECK(copy.poll() == Pending);
        right.fail_read(ECONNRESET);
        CHECK(copy.is_woken());
        CHECK_MESSAGE(thrown_by(copy) == ECONNRESET,
                      "one direction threw, and the copy waits for the other one. The first error ends both.");
        CHECK_MESSAGE(
            !left.is_shut_down(),
            "a direction failed, and the other side was told that all has come. Shut it down only if the copy "
            "returned.");
    }

    TEST_CASE("an error is thrown also when the other direction has ended before") {
        for (bool const is_left : {true, false}) {
            step("the {} side ends first", is_left ? "left" : "right");
            BothWays both;
            auto copy = spawn_mock("copy_bidirectional", rt::copy_bidirectional(both.a, both.b));
            (is_left ? both.left : both.right).end();
            CHECK(copy.poll() == Pending);
            (is_left ? both.right : both.left).fail_read(ECONNRESET);
            int const thrown = thrown_by(copy);
            REQUIRE_MESSAGE(
                thrown == ECONNRESET,
                "the second direction failed after the first had ended, and the caller believes that all was copied");
        }
    }

    TEST_CASE("an error of the shutdown ends both") {
        for (bool const is_left : {true, false}) {
            step("the {} side ends, and the other one can't be shut down", is_left ? "left" : "right");
            BothWays both;
            auto copy = spawn_mock("copy_bidirectional", rt::copy_bidirectional(both.a, both.b));
            (is_left ? both.right : both.left).fail_shutdown(ENOTCONN);
            (is_left ? both.left : both.right).end();
            int const thrown = thrown_by(copy);
            REQUIRE_MESSAGE(
                thrown == ENOTCONN,
                "the shutdown failed, and the caller doesn't hear of it. Its error ends both directions, too.");
        }
    }

    TEST_CASE("a shutdown that waits does not stop the other direction") {
        for (bool const is_left : {true, false}) {
            step("the {} side ends", is_left ? "left" : "right");
            BothWays both;
            MockPeer& first = is_left ? both.left : both.right;
            MockPeer& other = is_left ? both.right : both.left;
            auto copy = spawn_mock("copy_bidirectional", rt::copy_bidirectional(both.a, both.b));
            other.hold_shutdown();
            first.end();
            CHECK(copy.poll() == Pending);
            other.send("a late answer");
            CHECK(copy.is_woken());
            CHECK(copy.poll() == Pending);
            REQUIRE_MESSAGE(
                first.received() == "a late answer",
                "one direction waits for its shutdown, and the other one stopped. A shutdown belongs to its "
                "direction.");
            other.end();
            bool const waits = copy.poll() == Pending;
            REQUIRE_MESSAGE(waits, "a shutdown was Pending, and the copy is done. Await the shutdown.");
            other.let_shutdown();
            CHECK(copy.is_woken());
            CHECK(copy.poll() == Ready(is_left ? Counts(0, 13) : Counts(13, 0)));
            CHECK(other.is_shut_down());
        }
    }

    TEST_CASE("a direction that is always busy does not starve the other one") {
        for (bool const is_swapped : {false, true}) {
            step("{} always has bytes, and {} has one", is_swapped ? "b" : "a", is_swapped ? "a" : "b");
            Slow busy(1'000'000);
            Slow other(1);
            auto& a = is_swapped ? other : busy;
            auto& b = is_swapped ? busy : other;
            auto copy = spawn_mock("copy_bidirectional", rt::copy_bidirectional(a, b));
            for (int polls = 0; polls < 2; ++polls) {
                rt::budget::refill();
                CHECK(copy.poll() == Pending);
                CHECK(copy.is_woken());
            }
            rt::budget::lift();
            CHECK(busy.written == 1);
            CHECK(other.written >= rt::budget::per_poll);
        }
    }
}
