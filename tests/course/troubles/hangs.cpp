// A task that waits for a doorbell which nobody rings.
#include <rt/async.hpp>
#include <rt/current_thread.hpp>
#include <rt/future.hpp>
#include <rt/spawn.hpp>
#include <rt/trace.hpp>
#include <rt/waker_slot.hpp>

rt::Async<> guest(rt::WakerSlot* doorbell) {
    rt::trace::name("guest");
    auto wait = [doorbell](rt::Context& cx) -> rt::Poll<void> {
        doorbell->register_waker(cx.waker());
        return rt::Pending;
    };
    co_await rt::poll_fn(wait);
}

rt::Async<> house(rt::WakerSlot* doorbell) { co_await rt::spawn(guest(doorbell)); }

int main() {
    rt::WakerSlot doorbell;
    rt::CurrentThread runtime;
    runtime.block_on(house(&doorbell));
}
