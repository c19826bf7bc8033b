/// \file
/// 07.2: who yields lets the others have their turn; who does not, does not.
#include <doctest/doctest.h>

#include <rt/block_on.hpp>
#include <rt/future.hpp>
#include <rt/join.hpp>
#include <rt/yield_now.hpp>
#include <support/mock_task.hpp>
#include <support/story.hpp>

#include <string>
#include <utility>
#include <variant>
#include <vector>

using namespace support;
using rt::Pending, rt::Ready;

namespace {

/// Says its name `rounds` times; between two rounds it yields, or does not.
class Looper {
  public:
    using Output = void;

    Looper(std::string& said, char name, int rounds, bool yields)
        : said_(&said), name_(name), left_(rounds), yields_(yields) {}

    rt::Poll<void> poll(rt::Context& cx) {
        contract_.begin("Looper");
        for (;;) {
            if (yielding_) {
                if (yield_.poll(cx).is_pending()) {
                    return contract_.pending();
                }
                yielding_ = false;
            }
            if (left_ == 0) {
                return Ready();
            }
            --left_;
            said_->push_back(name_);
            if (yields_) {
                yield_ = rt::yield_now();
                yielding_ = true;
            }
        }
    }

  private:
    [[no_unique_address]] rt::Contract contract_;
    std::string* said_;
    char name_;
    int left_;
    bool yields_;
    bool yielding_ = false;
    rt::YieldNow yield_;
};

}  // namespace

TEST_SUITE("07.2 taking turns") {
    TEST_CASE("loopers that do not yield run one after the other in one poll") {
        std::string said;
        auto loopers = spawn_mock("the loopers", rt::join(Looper(said, 'r', 3, false), Looper(said, 'g', 3, false),
                                                          Looper(said, 'b', 3, false)));
        CHECK(loopers.poll().is_ready());
        CHECK(said == "rrrgggbbb");
        CHECK(loopers.wakes() == 0);
    }

    TEST_CASE("loopers that yield take turns") {
        std::string said;
        auto loopers = spawn_mock("the loopers", rt::join(Looper(said, 'r', 3, true), Looper(said, 'g', 3, true),
                                                          Looper(said, 'b', 3, true)));
        CHECK(loopers.poll() == Pending);
        CHECK(said == "rgb");
        CHECK(loopers.wakes() == 3);
        CHECK(loopers.poll() == Pending);
        CHECK(said == "rgbrgb");
        CHECK(loopers.poll() == Pending);
        CHECK(said == "rgbrgbrgb");
        CHECK(loopers.wakes() == 9);
        CHECK(loopers.poll().is_ready());
        CHECK(said == "rgbrgbrgb");
        CHECK(loopers.wakes() == 9);
        CHECK(loopers.polls() == 4);
    }

    TEST_CASE("one that does not yield holds up the others once") {
        std::string said;
        auto loopers = spawn_mock("the loopers", rt::join(Looper(said, 'r', 2, true), Looper(said, 'g', 4, false),
                                                          Looper(said, 'b', 2, true)));
        CHECK(loopers.poll() == Pending);
        CHECK(said == "rggggb");
        CHECK(loopers.poll() == Pending);
        CHECK(said == "rggggbrb");
        CHECK(loopers.poll().is_ready());
    }

    TEST_CASE("who has more to say goes on alone") {
        std::string said;
        auto loopers = spawn_mock("the loopers", rt::join(Looper(said, 'r', 1, true), Looper(said, 'g', 3, true)));
        while (loopers.poll().is_pending()) {
            REQUIRE(loopers.is_woken());
            REQUIRE(loopers.polls() < 5);
        }
        CHECK(said == "rggg");
        CHECK(loopers.polls() == 4);
    }

    TEST_CASE("join_all lets them take turns as well") {
        std::string said;
        std::vector<Looper> each;
        each.emplace_back(said, 'r', 2, true);
        each.emplace_back(said, 'g', 2, true);
        auto loopers = spawn_mock("the loopers", rt::join_all(std::move(each)));
        CHECK(loopers.poll() == Pending);
        CHECK(loopers.poll() == Pending);
        CHECK(loopers.poll().is_ready());
        CHECK(said == "rgrg");
    }

    TEST_CASE("block_on needs nobody else to run them to their end") {
        std::string said;
        step("block_on three loopers that yield");
        rt::block_on(
            rt::join(Looper(said, 'r', 100, true), Looper(said, 'g', 100, true), Looper(said, 'b', 100, true)));
        CHECK(said.size() == 300);
        CHECK(said.substr(294) == "rgbrgb");
    }
}
