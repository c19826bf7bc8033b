/// \file
/// `Async<T>`: a coroutine that is a Future. `co_await` waits for any other.
///
/// A coroutine is the state machine of lesson 04, written by the compiler: the frame is the object, the suspension point
/// is the enum, `resume` is the switch. What the compiler does not know is our protocol, and that is all this header adds:
///
///   poll(cx)   1. Poll the future that the body waits for, if it is suspended at a `co_await`. Still Pending: so are we.
///              2. Resume the body. It runs to its end, or to the next `co_await` whose future is Pending.
///   co_await   polls the future on the spot; only if that says Pending does the body suspend, and leaves word with its
///              promise what it waits for (the leaf).
///
/// Nobody but `poll` ever resumes the body; wakers only wake. So a body runs where it is polled, one resume is never
/// nested in another, and a loop of a million ready awaits needs no stack.
///
/// An Async that awaits an Async is a chain: only the innermost body of it waits for something else. To poll them one within
/// the other would cost a call a level at each wake, down and up again. So the poll of the outermost, the root, remembers the
/// innermost and begins right there; a body that awaits another leaves that one to it, and so does one that ends:
///
///   root ──awaits──► body ──awaits──► innermost ──waits for──► leaf        a Link is the `co_await` between two bodies
///    └────────────────── polls ───────────┘
///
/// An Async inside of another future (a join, a select) is the root of a chain of its own.
///
/// Lifetimes: the body does not start before the first poll, so parameters are taken by value: a reference would have to
/// outlive the call. They live in the frame until it is destroyed, locals until the body ends. The captures of a lambda
/// live in the lambda, not in the frame: a lambda that captures and is a coroutine must outlive its `Async`. Destroying an
/// `Async` destroys the frame with everything in it: that is cancellation. Who lends an Async, by `rt::by_ref` or by the
/// `co_await` of one that has a name, keeps it until the borrower has ended or is gone; and no body destroys the chain that it
/// runs in. (Both are checked in debug builds; but who borrowed it by `rt::by_ref` cannot be seen from here.)
///
/// Source of the idea: what Rust's `async fn` and `.await` mean.
#pragma once

#include <rt/future.hpp>
#include <rt/outcome.hpp>
#include <rt/recycled.hpp>
#include <rt/violation.hpp>

#include <coroutine>
#include <exception>
#include <type_traits>
#include <utility>

namespace rt {

template <class T>
class Async;

namespace detail {

/// A suspended `co_await`, as the promise sees it: something to be polled, of whatever type.
class Leaf {
  public:
    /// True when the future is done and the body may be resumed.
    bool poll(Context& cx) noexcept { return poll_(*this, cx); }

  protected:
    using PollFunction = bool (*)(Leaf&, Context&) noexcept;

    explicit Leaf(PollFunction function) noexcept : poll_(function) {}
    ~Leaf() = default;

  private:
    PollFunction poll_;
};

class AsyncPromise;

/// One `co_await future`. It lives in the coroutine frame, beside the future, as long as that expression does.
template <Future F>
class Awaiter final : public Leaf {
  public:
    /// Polls on the spot. An exception of this first poll flies straight into the body.
    Awaiter(F& future, Context& cx) : Leaf(&poll_leaf), outcome_(&future) {
        Poll<OutputOf<F>> poll = future.poll(cx);
        if (poll.is_ready()) {
            if constexpr (std::is_void_v<OutputOf<F>>) {
                outcome_.set_value();
            } else {
                outcome_.set_value(std::move(poll).value());
            }
        }
    }

    // These three are called by the compiler.
    bool await_ready() const noexcept { return !outcome_.is_empty(); }
    template <class Promise>
    void await_suspend(std::coroutine_handle<Promise> body) noexcept {
        body.promise().wait_for(*this);
    }
    OutputOf<F> await_resume() { return outcome_.take(); }

  private:
    static bool poll_leaf(Leaf& leaf, Context& cx) noexcept {
        auto& self = static_cast<Awaiter&>(leaf);
        return poll_into(*static_cast<F*>(self.outcome_.before()), cx, self.outcome_);
    }

    Outcome<OutputOf<F>, void*> outcome_;  // before it: the future, an F (one variant less to compile for each)
};

/// One `co_await` of another Async. It ties that one's body, the inner, to the body that awaits, the outer.
class Link {
  public:
    Link(const Link&) = delete;
    Link& operator=(const Link&) = delete;

    /// The inner goes to the end of the chain that is being polled, with all that hangs on it already.
    void await_suspend(std::coroutine_handle<>) noexcept;

  protected:
    Link(std::coroutine_handle<> body, AsyncPromise& inner, AsyncPromise& outer) noexcept
        : body_(body), inner_(inner), outer_(outer) {}
    /// If the outer is destroyed while it waits, the inner is left as the root of what hangs on it.
    ~Link();

  private:
    friend AsyncPromise;

    std::coroutine_handle<> body_;  // the inner's
    AsyncPromise& inner_;
    AsyncPromise& outer_;
};

template <class T>
class AsyncAwaiter final : public Link {
  public:
    AsyncAwaiter(Async<T>& inner, AsyncPromise& outer) noexcept;

    bool await_ready() const noexcept { return false; }
    T await_resume();

  private:
    Async<T>& async_;
};

template <class F>
inline constexpr bool is_async = false;
template <class T>
inline constexpr bool is_async<Async<T>> = true;

/// What every `Async`'s promise knows, whatever it yields.
class AsyncPromise : public Recycled {
  public:
    std::suspend_always initial_suspend() const noexcept { return {}; }
    std::suspend_always final_suspend() const noexcept { return {}; }

    /// Turns `co_await future` into an awaiter that knows this promise.
    template <class F>
    auto await_transform(F&& future) {
        using Awaited = std::remove_reference_t<F>;
        using Mutable = std::remove_const_t<Awaited>;
        if constexpr (is_async<Awaited>) {
            return AsyncAwaiter<OutputOf<Awaited>>(future, *this);
        } else if constexpr (Future<Awaited>) {
            return Awaiter<Awaited>(future, run_->cx);
        } else {
            static_assert(!Future<Mutable>,
                          "co_await of a const future: polling changes a future, so it must not be const");
            static_assert(Future<Mutable>,
                          "co_await needs a future, something with `Output` and `Poll<Output> poll(Context&)`: "
                          "here futures are polled, so values and the awaitables of other libraries cannot be awaited");
            return std::suspend_never{};
        }
    }

    /// The poll of a root: polls the innermost body's leaf, then resumes bodies, inwards as they await and outwards as they
    /// end; true if `body`, this promise's own, has reached its end.
    bool run(std::coroutine_handle<> body, Context& cx) noexcept {
        Run run{cx, std::exchange(link_, nullptr)};
        for (;;) {
            Link* const link = run.innermost;
            if ((link != nullptr ? link->inner_ : *this).resume(link != nullptr ? link->body_ : body, run)) {
                if (link == nullptr) {
                    return true;
                }
                run.innermost = link->outer_.link_;
            } else if (run.innermost == link) {
                link_ = link;
                return false;
            }
        }
    }

    void wait_for(Leaf& leaf) noexcept { leaf_ = &leaf; }

    /// Called before a poll or an await, which would poll this chain from two ends if another body awaited it already.
    void expect_nobody_awaits() const noexcept {
        if (checks_enabled && is_awaited()) {
            violation("an Async is awaited in two places at once: one awaits it, and hands its value to the others");
        }
    }

    /// Called before a body that has not reached its end is destroyed.
    void expect_nobody_needs_it() const noexcept {
        if (checks_enabled && is_polled_) {
            violation(
                "an Async was destroyed by the very poll that runs it: let the body end, or tell its owner to drop it");
        }
        if (checks_enabled && is_awaited()) {
            violation("an Async was destroyed while another one awaits it: who lends it must keep it until then");
        }
    }

#if RT_CHECKS
    void set_polled(bool is_polled) noexcept { is_polled_ = is_polled; }
#else
    void set_polled(bool) noexcept {}
#endif

  private:
    friend Link;

    bool is_awaited() const noexcept { return link_ != nullptr && &link_->inner_ == this; }

    /// One poll of a chain.
    struct Run {
        Context& cx;
        Link* innermost;  // null: the root's body is
    };

    /// Step 1 and 2 for one body; true if it has reached its end.
    bool resume(std::coroutine_handle<> body, Run& run) noexcept {
        if (leaf_ != nullptr && !leaf_->poll(run.cx)) {
            return false;
        }
        run_ = &run;
        body.resume();
        return body.done();
    }

    union {
        Leaf* leaf_ = nullptr;  // while the body is suspended: what it waits for; null if that is no leaf, but an Async
        Run* run_;              // while it runs
    };
#if RT_CHECKS
    bool is_polled_ = false;  // as the root of a chain
#else
    static constexpr bool is_polled_ = false;
#endif
    Link* link_ = nullptr;  // to the one who awaits this; of a root, between its polls: to the innermost
};

inline void Link::await_suspend(std::coroutine_handle<>) noexcept {
    Link* const innermost = std::exchange(inner_.link_, this);
    outer_.run_->innermost = innermost != nullptr ? innermost : this;
    outer_.leaf_ = nullptr;
}

inline Link::~Link() {
    if (!body_.done()) {
        inner_.link_ = outer_.link_ == this ? nullptr : outer_.link_;
    }
}

/// The part that knows the result's type.
template <class T>
class AsyncPromiseOf final : public AsyncPromise {
    static_assert(!std::is_reference_v<T>, "Async<T&>: co_return a pointer or a std::reference_wrapper instead");

  public:
    Async<T> get_return_object() noexcept;
    void unhandled_exception() noexcept { outcome_.set_exception(std::current_exception()); }

    /// By value, so that `co_return` converts where it stands, just as `return` does.
    void return_value(T value) {  // an Async<T> must co_return a T, or what converts to T
        outcome_.set_value(std::move(value));
    }

    T take() {
        if constexpr (checks_enabled) {
            if (outcome_.is_empty()) {
                violation("a coroutine that yields a value came to its end without one: each path needs a co_return");
            }
        }
        return outcome_.take();
    }

  private:
    Outcome<T> outcome_;
};

template <>
class AsyncPromiseOf<void> final : public AsyncPromise {
  public:
    Async<void> get_return_object() noexcept;
    void unhandled_exception() noexcept { outcome_.set_exception(std::current_exception()); }
    void return_void() { outcome_.set_value(); }
    void take() { outcome_.take(); }

  private:
    Outcome<void> outcome_;
};

}  // namespace detail

/// A lazily started coroutine that yields a `T`: the C++ of `async fn`. Write it as a function that returns `Async<T>`
/// and says `co_await` and `co_return`; nothing of it runs until it is polled.
template <class T = void>
class [[nodiscard("an Async does nothing until it is awaited, spawned or passed to block_on")]] Async {
  public:
    using Output = T;
    using promise_type = detail::AsyncPromiseOf<T>;

    Async(const Async&) = delete;  // one owner each: std::move it, or lend it with rt::by_ref
    Async(Async&& other) noexcept
        : contract_(std::move(other.contract_)), frame_(std::exchange(other.frame_, nullptr)) {}
    Async& operator=(Async&& other) noexcept {
        if (this != &other) {
            contract_ = std::move(other.contract_);
            destroy();
            frame_ = std::exchange(other.frame_, nullptr);
        }
        return *this;
    }
    ~Async() { destroy(); }

    /// Runs the body as far as it goes. Called by whoever awaits, joins, spawns or blocks on it.
    Poll<T> poll(Context& cx) {
        contract_.begin("Async");
        frame_.promise().expect_nobody_awaits();
        frame_.promise().set_polled(true);
        bool const has_ended = frame_.promise().run(frame_, cx);
        frame_.promise().set_polled(false);
        if (!has_ended) {
            return contract_.pending();
        }
        if constexpr (std::is_void_v<T>) {
            frame_.promise().take();
            return Ready();
        } else {
            return Ready<T>(frame_.promise().take());
        }
    }

  private:
    friend promise_type;
    friend detail::AsyncAwaiter<T>;
    using Frame = std::coroutine_handle<promise_type>;

    explicit Async(Frame frame) noexcept : frame_(frame) {}

    void destroy() noexcept {
        if (frame_) {
            if (checks_enabled && !frame_.done()) {
                frame_.promise().expect_nobody_needs_it();
            }
            std::exchange(frame_, nullptr).destroy();
        }
    }

    [[no_unique_address]] Contract contract_;
    Frame frame_;
};

template <class T>
Async<T> detail::AsyncPromiseOf<T>::get_return_object() noexcept {
    return Async<T>(std::coroutine_handle<AsyncPromiseOf>::from_promise(*this));
}

inline Async<void> detail::AsyncPromiseOf<void>::get_return_object() noexcept {
    return Async<void>(std::coroutine_handle<AsyncPromiseOf>::from_promise(*this));
}

template <class T>
detail::AsyncAwaiter<T>::AsyncAwaiter(Async<T>& inner, AsyncPromise& outer) noexcept
    : Link(inner.frame_, inner.frame_.promise(), outer), async_(inner) {
    async_.contract_.begin("Async");
    inner.frame_.promise().expect_nobody_awaits();
    static_cast<void>(async_.contract_.pending());
}

template <class T>
T detail::AsyncAwaiter<T>::await_resume() {
    async_.contract_.begin("Async");
    return async_.frame_.promise().take();
}

}  // namespace rt
