#include <doctest/doctest.h>
#include <rt/future.hpp>
#include <support/death.hpp>
#include <support/drop_counter.hpp>
#include <support/mock_task.hpp>
#include <support/poll_once.hpp>
#include <support/story.hpp>

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

using namespace support;
using rt::Context;
using rt::Pending;
using rt::Poll;
using rt::Ready;

namespace {

/// The test's own future, with a Contract: Pending `polls` times, then Ready with the degrees.
class Kettle {
  public:
    using Output = int;

    explicit Kettle(int polls) : left_(polls) {}

    Poll<int> poll(Context& cx) {
        contract_.begin("kettle");
        if (left_ == 0) {
            return Ready(100);
        }
        --left_;
        cx.waker().wake_by_ref();
        return contract_.pending();
    }

  private:
    [[no_unique_address]] rt::Contract contract_;
    int left_;
};

/// The test's own future, with a Contract: its poll throws.
class BurstKettle {
  public:
    using Output = int;

    BurstKettle() = default;

    Poll<int> poll(Context&) {
        contract_.begin("kettle");
        throw std::runtime_error("the kettle burst");
    }

  private:
    [[no_unique_address]] rt::Contract contract_;
};

// In a release build the contract takes no room.
static_assert(rt::checks_enabled ? sizeof(Kettle) > sizeof(int) : sizeof(Kettle) == sizeof(int));

/// Runs `body`, which keeps the contract. If the contract reports it all the same, fails with what it said.
void expect_allowed(const std::function<void()>& body) {
    std::string const printed = run_in_a_child(body).printed;
    if (printed.find("rt: ") != printed.npos) {
        FAIL("the contract reported something that it should allow. It said: ", printed);
    }
    body();
}

}  // namespace

TEST_SUITE("03.1 the contract") {
    TEST_CASE("a future that is Pending may be polled again") {
        expect_allowed([] {
            auto task = spawn_mock("the test's kettle", Kettle(2));
            CHECK(task.poll() == Pending);
            CHECK(task.poll() == Pending);
            CHECK(task.poll() == Ready(100));
        });
    }

    TEST_CASE("polled after Ready") {
        step("poll a Kettle(0) twice");
        expect_violation("kettle: polled after Ready", [] {
            Kettle kettle(0);
            (void)poll_once(kettle);
            (void)poll_once(kettle);
        });
        step("poll a Kettle(1) three times");
        expect_violation("kettle: polled after Ready", [] {
            Kettle kettle(1);
            (void)poll_once(kettle);
            (void)poll_once(kettle);
            (void)poll_once(kettle);
        });
    }

    TEST_CASE("polled after it threw an exception") {
        step("poll a kettle that throws, twice");
        expect_violation("kettle: polled after Ready", [] {
            BurstKettle kettle;
            try {
                (void)poll_once(kettle);
            } catch (const std::runtime_error&) {}
            (void)poll_once(kettle);
        });
    }

    TEST_CASE("polled after it was moved away") {
        step("move a Kettle(2) away, and poll what is left of it");
        expect_violation("kettle: polled after it was moved away", [] {
            Kettle kettle(2);
            [[maybe_unused]] Kettle moved = std::move(kettle);
            (void)poll_once(kettle);  // NOLINT: the mistake
        });
        step("assign a Kettle(2) to another one, and poll what is left of it");
        expect_violation("kettle: polled after it was moved away", [] {
            Kettle kettle(2);
            Kettle other(3);
            other = std::move(kettle);
            (void)poll_once(kettle);  // NOLINT: the mistake
        });
    }

    TEST_CASE("moved after its first poll") {
        step("poll a Kettle(2), and move it");
        expect_violation("moved after its first poll", [] {
            Kettle kettle(2);
            (void)poll_once(kettle);
            [[maybe_unused]] Kettle moved = std::move(kettle);
        });
        step("poll a Kettle(2), and assign it to another one");
        expect_violation("moved after its first poll", [] {
            Kettle kettle(2);
            (void)poll_once(kettle);
            Kettle other(3);
            other = std::move(kettle);
        });
    }

    TEST_CASE("assigned to after its first poll") {
        step("poll a Kettle(2), and assign another one to it");
        expect_violation("assigned to after its first poll", [] {
            Kettle kettle(2);
            (void)poll_once(kettle);
            kettle = Kettle(3);
        });
    }

    TEST_CASE("a future that was moved before its first poll is as good as new") {
        expect_allowed([] {
            step("move a Kettle(1) twice");
            Kettle first(1);
            Kettle second = std::move(first);
            Kettle third(7);
            third = std::move(second);
            auto task = spawn_mock("the test's kettle", std::move(third));
            CHECK(task.poll() == Pending);
            CHECK(task.poll() == Ready(100));
        });
    }

    TEST_CASE("a finished future may be moved and stays finished") {
        expect_allowed([] {
            step("poll a Kettle(0) to its end, and move it");
            Kettle kettle(0);
            CHECK(poll_once(kettle) == Ready(100));
            [[maybe_unused]] Kettle moved = std::move(kettle);
        });
        step("poll a Kettle(0) to its end, move it, and poll it again");
        expect_violation("kettle: polled after Ready", [] {
            Kettle kettle(0);
            (void)poll_once(kettle);
            Kettle moved = std::move(kettle);
            (void)poll_once(moved);
        });
    }

    TEST_CASE("an object that was moved away may be moved again and assigned to") {
        expect_allowed([] {
            step("move a Kettle(3) away, move what is left of it, and assign a Kettle(0) to it");
            Kettle kettle(3);
            [[maybe_unused]] Kettle moved = std::move(kettle);
            [[maybe_unused]] Kettle moved_again = std::move(kettle);  // NOLINT: containers do this
            kettle = Kettle(0);
            CHECK(poll_once(kettle) == Ready(100));
        });
        step("move a Kettle(3) away, move what is left of it, and poll that");
        expect_violation("kettle: polled after it was moved away", [] {
            Kettle kettle(3);
            [[maybe_unused]] Kettle moved = std::move(kettle);
            Kettle moved_again = std::move(kettle);  // NOLINT: containers do this
            (void)poll_once(moved_again);
        });
    }

    TEST_CASE("ready is Ready at its first poll") {
        auto task = spawn_mock("ready(3)", rt::ready(3));
        CHECK(task.poll() == Ready(3));
        CHECK(task.polls() == 1);
        CHECK(task.wakes() == 0);
        CHECK(task.clones() == 0);  // A future that does not wait needs no waker.
        expect_violation("ready: polled after Ready", [&] { (void)task.poll(); });
    }

    TEST_CASE("ready without a value") {
        auto task = spawn_mock("ready()", rt::ready());
        CHECK(task.poll() == Ready());
        CHECK(task.clones() == 0);
        expect_violation("ready: polled after Ready", [&] { (void)task.poll(); });
    }

    TEST_CASE("ready hands its value over") {
        auto task = spawn_mock("ready(unique_ptr)", rt::ready(std::make_unique<int>(3)));
        Poll<std::unique_ptr<int>> answer = task.poll();
        REQUIRE(answer.is_ready());
        CHECK(*answer.value() == 3);

        DropCounter counter;
        auto counted = spawn_mock("ready(token)", rt::ready(counter.token()));
        (void)counted.poll();
        CHECK(counter.copies() == 0);
        CHECK(counter.alive() == 0);
    }
}
