/// \file
/// A doorbell, rung from another thread. Each waker is a button of the bell. The bell counts its buttons, and none may be lost.
#include <rt/print.hpp>
#include <rt/sync.hpp>
#include <rt/waker.hpp>

#include <utility>

#include <fmt/format.h>

namespace {

using rt::Waker;
using rt::WakerVTable;

/// All wakers share one bell. When the last button is gone, no waker needs the bell anymore.
struct Doorbell {
    rt::Atomic<int> buttons{1};
    rt::Atomic<int> rings{0};
};

Doorbell& bell_of(void* data) noexcept { return *static_cast<Doorbell*>(data); }

constexpr WakerVTable doorbell_table{
    .clone = [](void* data) noexcept { ++bell_of(data).buttons; },
    .wake =
        [](void* data) noexcept {
            ++bell_of(data).rings;
            --bell_of(data).buttons;
        },
    .wake_by_ref = [](void* data) noexcept { ++bell_of(data).rings; },
    .drop = [](void* data) noexcept { --bell_of(data).buttons; },
};

void show(const char* what, const Doorbell& bell) {
    fmt::print("{:<31} buttons {}, rings {}\n", what, bell.buttons.load(), bell.rings.load());
}

}  // namespace

int main(int argc, char** argv) {
    if (argc > 1) {
        rt::eprintln("this program takes no arguments, but it got '{}'. Run it without arguments.", argv[1]);
        return 2;
    }
    Doorbell bell;
    {
        Waker const waker(&bell, &doorbell_table);
        show("one waker", bell);

        Waker copy = waker;
        show("a copy for the visitor", bell);

        rt::Thread visitor([button = std::move(copy)]() mutable {
            button.wake_by_ref();      // rings, and keeps the button
            std::move(button).wake();  // rings, and gives the button back
        });
        visitor.join();
        show("the visitor rang twice and left", bell);

        fmt::print("same bell? {}\n", waker.will_wake(Waker(waker)) ? "yes" : "no");
    }
    show("all wakers destroyed", bell);
}
