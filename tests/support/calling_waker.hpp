/// \file
/// `CallingWaker`: a waker that calls back when it is woken, right there: for code that must not hold a lock while it wakes.
#pragma once

#include <rt/waker.hpp>

#include <functional>
#include <utility>

namespace support {

/// Makes wakers that call `f`. Must outlive them.
class CallingWaker {
  public:
    explicit CallingWaker(std::function<void()> f) : f_(std::move(f)) {}
    CallingWaker(const CallingWaker&) = delete;
    CallingWaker& operator=(const CallingWaker&) = delete;

    rt::Waker waker() noexcept {
        static constexpr rt::WakerVTable vtable{
            [](void*) noexcept {},
            [](void* data) noexcept { static_cast<CallingWaker*>(data)->f_(); },
            [](void* data) noexcept { static_cast<CallingWaker*>(data)->f_(); },
            [](void*) noexcept {},
        };
        return rt::Waker(this, &vtable);
    }

  private:
    std::function<void()> f_;
};

}  // namespace support
