/// \file
/// The exercise of lesson 08, solved: `Generator<T>`, a coroutine that yields one value after the other.
#pragma once

#include <coroutine>
#include <exception>
#include <optional>
#include <utility>

namespace exercise {

/// What a coroutine with `co_yield` returns. It owns the frame.
template <class T>
class [[nodiscard]] Generator {
  public:
    class promise_type {
      public:
        Generator get_return_object() noexcept { return Generator(Frame::from_promise(*this)); }
        std::suspend_always initial_suspend() const noexcept { return {}; }
        std::suspend_always final_suspend() const noexcept { return {}; }

        /// Called by the compiler for `co_yield value`. The body stops until the next call of `next`.
        std::suspend_always yield_value(T value) {
            value_.emplace(std::move(value));
            return {};
        }
        void return_void() noexcept {}
        void unhandled_exception() noexcept { exception_ = std::current_exception(); }

      private:
        friend Generator;

        std::optional<T> value_;
        std::exception_ptr exception_;
    };

    Generator(Generator&& other) noexcept : frame_(std::exchange(other.frame_, nullptr)) {}
    Generator& operator=(Generator&& other) noexcept {
        std::swap(frame_, other.frame_);
        return *this;
    }
    ~Generator() {
        if (frame_) {
            frame_.destroy();
        }
    }

    /// Runs the body to its next `co_yield`. Empty if the body has ended. Throws what the body throws.
    std::optional<T> next() {
        if (frame_.done()) {
            return std::nullopt;
        }
        frame_.resume();
        promise_type& promise = frame_.promise();
        if (promise.exception_) {
            std::rethrow_exception(std::exchange(promise.exception_, nullptr));
        }
        return std::exchange(promise.value_, std::nullopt);
    }

  private:
    using Frame = std::coroutine_handle<promise_type>;

    explicit Generator(Frame frame) noexcept : frame_(frame) {}

    Frame frame_;
};

}  // namespace exercise
