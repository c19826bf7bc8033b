/// \file
/// An executor without a heap, for a machine that has none. Each task is a static object with room for its future, and an
/// interrupt handler may wake it. Here, another thread plays the interrupts.
///
/// A task's state has two bits:
///
///   spawned  the storage has a future. Set by `spawn`, cleared when the future is Ready
///   queued   the task is in the run queue, or on its way there. Set by a wake, cleared before the poll
///
/// Invariants:
///  - Only the wake that sets `queued` pushes the task, so `next_` belongs to the queue while the bit is set.
///  - `turn` clears `event_` first, and then takes the queue. A push fills the queue first, and then sets `event_`. So no wake
///    is lost.
///  - Tasks live as long as the program, so wakers count no references. A late wake may reach the next future in the same
///    storage, which is then polled once for nothing.
///
/// Thread safety: any thread or interrupt handler may wake, because a wake takes no lock. Everything else belongs to one
/// thread.
///
/// Source: embassy-executor.
#include <rt/future.hpp>
#include <rt/print.hpp>
#include <rt/sync.hpp>
#include <rt/waker_slot.hpp>

#include <optional>
#include <utility>

#include <fmt/format.h>

namespace {

class Task;

/// The run queue, which is a stack of tasks linked by `Task::next_`.
class Executor {
  public:
    /// Polls each task of the queue once, the last one first.
    void turn() noexcept;

    /// Runs the tasks until all of them have ended. Sleeps while none can go on.
    void run() noexcept {
        for (turn(); spawned_ > 0; turn()) {
            event_.wait(0, rt::acquire);  // on a microcontroller, the instruction `wfe`
        }
    }

  private:
    friend Task;

    void push(Task& task) noexcept;

    rt::Atomic<Task*> queue_{nullptr};
    rt::Atomic<unsigned> event_{0};
    int spawned_ = 0;  // tasks that have a future
};

/// A task as its executor and its wakers see it.
class Task {
  public:
    constexpr explicit Task(Executor& executor) noexcept : executor_(executor) {}
    Task(const Task&) = delete;
    Task& operator=(const Task&) = delete;

  protected:
    ~Task() = default;

    /// Takes the storage. False if it has a future, or if a late wake is still in the queue.
    bool claim() noexcept {
        unsigned expected = 0;
        return state_.compare_exchange_strong(expected, spawned | queued, rt::acq_rel, rt::relaxed);
    }
    /// Queues the task for its first poll. Called when the future is in its place.
    void start() noexcept {
        ++executor_.spawned_;
        executor_.push(*this);
    }
    /// Polls the future, and destroys it when it is Ready. Returns true then.
    virtual bool poll(rt::Context& cx) noexcept = 0;

  private:
    friend Executor;
    enum State : unsigned { spawned = 1, queued = 2 };

    void wake() noexcept {
        if ((state_.fetch_or(queued, rt::acq_rel) & queued) == 0) {
            executor_.push(*this);
        }
    }
    void run() noexcept {
        if ((state_.fetch_and(~unsigned{queued}, rt::acq_rel) & spawned) == 0) {
            return;
        }
        rt::Waker const waker(this, &vtable);
        rt::Context cx(waker);
        if (poll(cx)) {
            --executor_.spawned_;
            state_.fetch_and(~unsigned{spawned}, rt::release);
        }
    }

    static void wake(void* task) noexcept { static_cast<Task*>(task)->wake(); }
    static void nothing(void*) noexcept {}
    static constexpr rt::WakerVTable vtable{nothing, wake, wake, nothing};

    Executor& executor_;
    rt::Atomic<unsigned> state_{0};
    Task* next_ = nullptr;
};

/// A task with room for a future of type F.
template <rt::Future F>
class StaticTask final : public Task {
  public:
    using Task::Task;

    /// Starts a task in this storage. False if the storage is in use.
    bool spawn(F future) noexcept {
        if (!claim()) {
            return false;
        }
        future_.emplace(std::move(future));
        start();
        return true;
    }

  private:
    bool poll(rt::Context& cx) noexcept override {
        if (future_->poll(cx).is_pending()) {
            return false;
        }
        future_.reset();
        return true;
    }

    std::optional<F> future_;
};

void Executor::push(Task& task) noexcept {
    Task* first = queue_.load(rt::relaxed);
    do {
        task.next_ = first;
    } while (!queue_.compare_exchange_weak(first, &task, rt::release, rt::relaxed));
    if (first == nullptr) {
        event_.store(1, rt::release);  // on a microcontroller, the end of each interrupt handler does this
        event_.notify_one();
    }
}

void Executor::turn() noexcept {
    event_.exchange(0, rt::acquire);
    for (Task* task = queue_.exchange(nullptr, rt::acquire); task != nullptr;) {
        Task* const next = task->next_;  // read before `run`, because a wake during the poll queues the task again
        task->run();
        task = next;
    }
}

/// Raised by any thread or interrupt handler. One task waits for it.
class Signal {
  public:
    void raise() noexcept {
        raised_.fetch_add(1, rt::release);
        waiting_.wake();
    }
    /// Ready once for each time that it was raised.
    rt::Poll<void> poll_raised(rt::Context& cx) noexcept {
        waiting_.register_waker(cx.waker());
        if (raised_.load(rt::acquire) == taken_) {
            return rt::Pending;
        }
        ++taken_;
        return rt::Ready();
    }

  private:
    rt::Atomic<unsigned> raised_{0};
    unsigned taken_ = 0;  // belongs to the task
    rt::WakerSlot waiting_;
};

constinit Executor executor;
constinit Signal button;  // raised by an interrupt
constinit Signal toggle;  // raised by a task
constinit rt::Atomic<int> toggled{0};
constexpr int presses = 3;

/// Counts the presses, and tells the light.
class Buttons {
  public:
    using Output = void;
    rt::Poll<void> poll(rt::Context& cx) noexcept {
        while (pressed_ < presses) {
            if (button.poll_raised(cx).is_pending()) {
                return rt::Pending;
            }
            fmt::print("press {}\n", ++pressed_);
            toggle.raise();
        }
        return rt::Ready();
    }

  private:
    int pressed_ = 0;
};

/// Switches the light on and off.
class Light {
  public:
    using Output = void;
    rt::Poll<void> poll(rt::Context& cx) noexcept {
        while (toggled_ < presses) {
            if (toggle.poll_raised(cx).is_pending()) {
                return rt::Pending;
            }
            fmt::print("the light is {}\n", ++toggled_ % 2 == 1 ? "on" : "off");
            toggled.store(toggled_, rt::release);
            toggled.notify_one();
        }
        return rt::Ready();
    }

  private:
    int toggled_ = 0;
};

constinit StaticTask<Buttons> buttons(executor);
constinit StaticTask<Light> light(executor);

/// Plays the hardware. Presses the button again when the light has changed.
void press() {
    for (int done = 0; done < presses; ++done) {
        button.raise();
        toggled.wait(done, rt::acquire);
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (argc > 1) {
        rt::eprintln("this program takes no arguments, but it got '{}'. Run it without arguments.", argv[1]);
        return 2;
    }
    rt::Thread hardware(press);
    buttons.spawn(Buttons());
    light.spawn(Light());
    executor.run();
    hardware.join();
    return 0;
}
