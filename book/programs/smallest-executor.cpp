/// \file
/// The smallest executor that is right. It is a queue of wakers, and the `block_on` of lesson 05 runs it.
///
/// Invariants:
///  - A waker is one reference to its task. The queue, the executor, and each JoinHandle hold one too.
///  - A task is in the queue at most once. `is_queued` is cleared before the poll, so a wake during the poll queues it again.
///  - The thread that runs the tasks leaves its waker in `sleeper` first, and then looks into the queue. A wake fills the
///    queue first, and then wakes `sleeper`. So no wake is lost.
///  - The executor owns the futures, and its destructor destroys them. Wakers own only the rest of the task, so a future
///    that keeps its own waker doesn't leak. A wake that comes after the executor is gone finds no queue.
///
/// Thread safety: any thread may wake, and wait for a JoinHandle. Everything else belongs to one thread.
///
/// Source: smol. There, async-task is the task, and an executor adds only a queue.
#include <rt/async.hpp>
#include <rt/block_on.hpp>
#include <rt/future.hpp>
#include <rt/outcome.hpp>
#include <rt/print.hpp>
#include <rt/sync.hpp>
#include <rt/waker_slot.hpp>
#include <rt/yield_now.hpp>

#include <array>
#include <cstddef>
#include <exception>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace {

/// The tasks that want to be polled, and the thread that polls them.
struct Queue {
    rt::Mutex mutex;  // protects `woken`
    std::vector<rt::Waker> woken;
    rt::WakerSlot sleeper;
};

/// A future, and what wakers and handles know of it.
struct Task {
    std::optional<rt::Async<>> future;  // belongs to the executor's thread
    std::weak_ptr<Queue> queue;
    rt::Atomic<int> references{1};
    rt::Atomic<bool> is_queued{false};
    rt::Atomic<bool> has_ended{false};
    std::exception_ptr error{};  // once it has ended
    rt::WakerSlot joiner{};

    static Task& of(void* data) noexcept { return *static_cast<Task*>(data); }
    static const rt::WakerVTable vtable;
};

/// Takes a reference; wakes with a reference; wakes; gives a reference back.
constexpr rt::WakerVTable Task::vtable{
    [](void* task) noexcept { of(task).references.fetch_add(1, rt::relaxed); },
    [](void* task) noexcept {
        rt::Waker reference(task, &vtable);
        std::shared_ptr<Queue> const queue = of(task).queue.lock();
        if (!of(task).is_queued.exchange(true, rt::acq_rel) && queue) {
            rt::Lock lock(queue->mutex);
            queue->woken.push_back(std::move(reference));
            lock.unlock();
            queue->sleeper.wake();
        }
    },
    [](void* task) noexcept {
        vtable.clone(task);
        vtable.wake(task);
    },
    [](void* task) noexcept {
        if (of(task).references.fetch_sub(1, rt::acq_rel) == 1) {
            delete &of(task);
        }
    },
};

/// Ready when the task has ended. Throws what the task threw. If the handle is dropped, the task goes on.
class JoinHandle {
  public:
    using Output = void;
    explicit JoinHandle(rt::Waker reference) : task_(std::move(reference)) {}

    rt::Poll<void> poll(rt::Context& cx) {
        Task& task = Task::of(task_.data());
        task.joiner.register_waker(cx.waker());
        if (!task.has_ended.load(rt::acquire)) {
            return rt::Pending;
        }
        if (task.error) {
            std::rethrow_exception(std::exchange(task.error, nullptr));
        }
        return rt::Ready();
    }

  private:
    rt::Waker task_;
};

class Executor {
  public:
    Executor() = default;
    Executor(const Executor&) = delete;
    Executor& operator=(const Executor&) = delete;
    ~Executor() {
        while (!tasks_.empty()) {
            end(tasks_.begin()->second, std::make_exception_ptr(std::runtime_error("the executor is gone")));
        }
    }

    JoinHandle spawn(rt::Async<> future) {
        rt::Waker task(new Task{.future = std::move(future), .queue = queue_}, &Task::vtable);
        tasks_.emplace(task.data(), task);
        task.wake_by_ref();
        return JoinHandle(std::move(task));
    }

    /// Runs `main` to its end, and the tasks until then.
    template <rt::Future F>
    rt::OutputOf<F> block_on(F main) {
        return rt::block_on(rt::poll_fn([&](rt::Context& cx) {
            queue_->sleeper.register_waker(cx.waker());
            auto answer = main.poll(cx);
            if (answer.is_pending()) {
                poll_woken();
            }
            return answer;
        }));
    }

  private:
    void poll_woken() {
        rt::Lock lock(queue_->mutex);
        std::vector<rt::Waker> const woken = std::exchange(queue_->woken, {});
        lock.unlock();
        for (const rt::Waker& waker : woken) {
            Task& task = Task::of(waker.data());
            task.is_queued.exchange(false, rt::acq_rel);
            rt::Context cx(waker);
            rt::Outcome<void> outcome;
            if (task.future && rt::poll_into(*task.future, cx, outcome)) {
                end(waker, outcome.has_exception() ? outcome.take_exception() : nullptr);
            }
        }
    }

    /// Destroys the future first, and then tells the handle.
    void end(rt::Waker waker, std::exception_ptr error) {
        Task& task = Task::of(waker.data());
        tasks_.erase(&task);
        task.future.reset();
        task.error = std::move(error);
        task.has_ended.store(true, rt::release);
        task.joiner.wake();
    }

    std::shared_ptr<Queue> queue_ = std::make_shared<Queue>();
    std::map<void*, rt::Waker> tasks_;  // those that have not ended
};

/// Rung by any thread. One task waits for it.
class Bell {
  public:
    void ring() noexcept {
        has_rung_.store(true, rt::release);
        waiting_.wake();
    }
    auto rung() {
        return rt::poll_fn([this](rt::Context& cx) -> rt::Poll<void> {
            waiting_.register_waker(cx.waker());
            if (!has_rung_.load(rt::acquire)) {
                return rt::Pending;
            }
            return rt::Ready();
        });
    }

  private:
    rt::Atomic<bool> has_rung_{false};
    rt::WakerSlot waiting_;
};

rt::Async<> guest(const char* name, Bell* bell) {
    fmt::print("{} waits\n", name);
    co_await bell->rung();
    fmt::print("{} eats\n", name);
}

rt::Async<> thief() {
    co_await rt::yield_now();
    throw std::runtime_error("caught");
}

rt::Async<> dinner(Executor* executor) {
    std::array<Bell, 3> bells;
    JoinHandle ann = executor->spawn(guest("Ann", &bells[0]));
    JoinHandle bob = executor->spawn(guest("Bob", &bells[1]));
    JoinHandle cat = executor->spawn(guest("Cat", &bells[2]));
    JoinHandle dan = executor->spawn(thief());
    co_await rt::yield_now();  // now all of them wait

    rt::Thread cook([&bells] {
        for (std::size_t next : {2U, 0U, 1U}) {
            bells[next].ring();
        }
    });
    co_await ann;
    co_await bob;
    co_await cat;
    try {
        co_await dan;
    } catch (const std::exception& error) {
        fmt::print("the thief was {}\n", error.what());
    }
    cook.join();
}

}  // namespace

int main(int argc, char** argv) {
    if (argc > 1) {
        rt::eprintln("this program takes no arguments, but it got '{}'. Run it without arguments.", argv[1]);
        return 2;
    }
    Executor executor;
    executor.block_on(dinner(&executor));
    return 0;
}
