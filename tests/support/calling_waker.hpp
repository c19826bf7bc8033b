/// \file
/// `CallingWaker`: a waker that calls a function when it is woken or destroyed. A test uses it to find
/// code that holds a lock while it wakes or drops a waker.
#pragma once

#include <rt/waker.hpp>

#include <functional>
#include <utility>

namespace support {

/// Makes wakers that call `on_wake` when they are woken, and `on_drop` when they are destroyed. It must outlive them.
class CallingWaker {
  public:
    explicit CallingWaker(
        std::function<void()> on_wake, std::function<void()> on_drop = [] {})
        : on_wake_(std::move(on_wake)), on_drop_(std::move(on_drop)) {}
    CallingWaker(const CallingWaker&) = delete;
    CallingWaker& operator=(const CallingWaker&) = delete;

    rt::Waker waker() noexcept {
        static constexpr rt::WakerVTable vtable{
            [](void*) noexcept {},
            [](void* data) noexcept { static_cast<CallingWaker*>(data)->on_wake_(); },
            [](void* data) noexcept { static_cast<CallingWaker*>(data)->on_wake_(); },
            [](void* data) noexcept { static_cast<CallingWaker*>(data)->on_drop_(); },
        };
        return rt::Waker(this, &vtable);
    }

  private:
    std::function<void()> on_wake_;
    std::function<void()> on_drop_;
};

}  // namespace support
