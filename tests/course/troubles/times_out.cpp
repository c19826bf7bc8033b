// A test in which two tasks wait at one slot, which keeps only the latest waker.
#include <doctest/doctest.h>
#include <rt/async.hpp>
#include <rt/current_thread.hpp>
#include <rt/future.hpp>
#include <rt/spawn.hpp>
#include <rt/trace.hpp>
#include <rt/waker_slot.hpp>
#include <rt/yield_now.hpp>
#include <support/story.hpp>

#include <string>

using support::step;

namespace {

struct Doorbell {
    rt::WakerSlot slot;
    bool has_rung = false;
};

rt::Async<> guest(Doorbell* doorbell, std::string name) {
    rt::trace::name(name.c_str());
    auto wait = [doorbell](rt::Context& cx) -> rt::Poll<void> {
        doorbell->slot.register_waker(cx.waker());
        if (doorbell->has_rung) {
            return rt::Ready();
        }
        return rt::Pending;
    };
    co_await rt::poll_fn(wait);
}

rt::Async<> house(Doorbell* doorbell) {
    auto ann = rt::spawn(guest(doorbell, "Ann"));
    auto bob = rt::spawn(guest(doorbell, "Bob"));
    step("Ann and Bob wait for the doorbell");
    co_await rt::yield_now();
    step("ring the doorbell");
    doorbell->has_rung = true;
    doorbell->slot.wake();
    step("await both");
    co_await bob;
    co_await ann;
}

}  // namespace

TEST_SUITE("the doorbell") {
    TEST_CASE("all who wait hear it") {
        Doorbell doorbell;
        rt::CurrentThread runtime;
        runtime.block_on(house(&doorbell));
        CHECK(doorbell.has_rung);
    }
}
