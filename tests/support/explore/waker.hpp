/// \file
/// `ExploredWaker`: a waker whose memory the explorer watches. So an execution fails in which two threads touch one waker at the
/// same time. A test puts it in place of `Waker` by a macro, as `explore/replace.hpp` does with the others.
#pragma once

#include <rt/waker.hpp>
#include <support/explore/explorer.hpp>

#include <source_location>
#include <utility>

namespace rt {

class ExploredWaker {
  public:
    ExploredWaker() noexcept { begin(); }
    ExploredWaker(Waker waker) noexcept : waker_(std::move(waker)) { begin(); }
    ExploredWaker(const ExploredWaker& other) noexcept : waker_(other.read().waker_) { begin(); }
    ExploredWaker(ExploredWaker&& other) noexcept : waker_(std::move(other.write().waker_)) { begin(); }
    ExploredWaker& operator=(const ExploredWaker& other) noexcept {
        write().waker_ = other.read().waker_;
        return *this;
    }
    ExploredWaker& operator=(ExploredWaker&& other) noexcept {
        write().waker_ = std::move(other.write().waker_);
        return *this;
    }
    ~ExploredWaker() { write(); }

    void wake() && noexcept { std::move(write().waker_).wake(); }
    void wake_by_ref() const noexcept { read().waker_.wake_by_ref(); }
    bool will_wake(const ExploredWaker& other) const noexcept { return read().waker_.will_wake(other.read().waker_); }
    explicit operator bool() const noexcept { return static_cast<bool>(read().waker_); }

  private:
    void begin() noexcept {
        explore::detail::begin(this);
        write();
    }
    const ExploredWaker& read() const noexcept {
        explore::detail::access(this, false, std::source_location::current());
        return *this;
    }
    ExploredWaker& write() noexcept {
        explore::detail::access(this, true, std::source_location::current());
        return *this;
    }

    Waker waker_;
};

}  // namespace rt
