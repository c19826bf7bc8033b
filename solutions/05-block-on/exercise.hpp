/// \file
/// The exercise of lesson 05, solved: `on_thread(f)`, a future that calls `f` on a thread of its own.
#pragma once

#include <rt/future.hpp>
#include <rt/sync.hpp>
#include <rt/waker_slot.hpp>

#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace exercise {

/// See `on_thread`.
template <class F>
class [[nodiscard]] OnThread {
  public:
    using Output = std::invoke_result_t<F&>;

    explicit OnThread(F f) : shared_(std::make_unique<Shared>(std::move(f))) {}
    OnThread(OnThread&&) = default;
    ~OnThread() {
        if (thread_.joinable()) {
            thread_.join();
        }
    }

    rt::Poll<Output> poll(rt::Context& cx) {
        contract_.begin("on_thread");
        shared_->slot.register_waker(cx.waker());
        if (shared_->is_done.load(rt::acquire)) {
            return rt::Ready<Output>(std::move(*shared_->value));
        }
        if (!thread_.joinable()) {
            thread_ = rt::Thread([shared = shared_.get()] { shared->run(); });
        }
        return contract_.pending();
    }

  private:
    /// What the future and its thread share. The thread writes `value` before it sets `is_done`.
    struct Shared {
        F f;
        std::optional<Output> value;
        rt::Atomic<bool> is_done{false};
        rt::WakerSlot slot;

        explicit Shared(F function) : f(std::move(function)) {}

        void run() {
            value.emplace(f());
            is_done.store(true, rt::release);
            slot.wake();
        }
    };

    [[no_unique_address]] rt::Contract contract_;
    std::unique_ptr<Shared> shared_;
    rt::Thread thread_;
};

/// A future that is Ready with what `f` returns. Its first poll starts a thread, and the thread calls `f`.
template <class F>
OnThread<F> on_thread(F f) {
    return OnThread<F>(std::move(f));
}

}  // namespace exercise
