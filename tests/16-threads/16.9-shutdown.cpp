/// \file
/// 16.9: the end of a runtime with tasks that are not over.
#include <doctest/doctest.h>

#include <rt/async.hpp>
#include <rt/block_on.hpp>
#include <rt/join_set.hpp>
#include <rt/multi_thread.hpp>
#include <rt/yield_now.hpp>
#include <support/counted_future.hpp>
#include <support/drop_counter.hpp>
#include <support/random.hpp>
#include <support/story.hpp>
#include <support/test_thread.hpp>

#include <cstddef>
#include <cstdint>
#include <latch>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

using namespace support;

namespace {

rt::Async<> wait_for(CountedFuture<void> future, DropCounter::Token) { co_await future; }

rt::Async<> spin(DropCounter::Token) {
    for (;;) {
        co_await rt::yield_now();
    }
}

/// Never ready; when it is destroyed, it wakes its neighbor and spawns a task.
class Spiteful {
  public:
    using Output = void;

    struct Shared {
        explicit Shared(std::size_t size) : wakers(size) {}

        rt::Mutex mutex;
        std::vector<rt::Waker> wakers;  // of each
        rt::Atomic<int> drops{0};
    };

    Spiteful(std::shared_ptr<Shared> shared, std::size_t number, DropCounter* frames, std::latch* polled)
        : shared_(std::move(shared)), number_(number), frames_(frames), polled_(polled) {}
    Spiteful(Spiteful&&) = default;
    ~Spiteful() {
        if (shared_ == nullptr) {
            return;
        }
        shared_->drops.fetch_add(1, rt::relaxed);
        rt::Waker waker;
        {
            rt::Lock lock(shared_->mutex);
            waker = shared_->wakers[(number_ + 1) % shared_->wakers.size()];
        }
        waker.wake_by_ref();
        rt::spawn(spin(frames_->token())).detach();
    }

    rt::Poll<void> poll(rt::Context& cx) {
        rt::Lock lock(shared_->mutex);
        shared_->wakers[number_] = cx.waker();
        lock.unlock();
        if (polled_ != nullptr) {
            std::exchange(polled_, nullptr)->count_down();
        }
        return rt::Pending;
    }

  private:
    std::shared_ptr<Shared> shared_;
    std::size_t number_;
    DropCounter* frames_;
    std::latch* polled_;
};

/// A service that looks, when it goes, whether the tasks have gone.
class LastToGo {
  public:
    explicit LastToGo(rt::Scheduler&) {}
    ~LastToGo() {
        if (frames != nullptr) {
            CHECK(frames->alive() == 0);
            *gone = true;
        }
    }

    DropCounter* frames = nullptr;
    bool* gone = nullptr;
};

}  // namespace

TEST_SUITE("16.9 all together") {
    TEST_CASE("a runtime that never ran anything") {
        for (int round = 0; round < rounds_of(50); ++round) {
            still_alive();
            rt::MultiThread runtime(3);
        }
    }

    TEST_CASE("waiting tasks are destroyed and their handles say so") {
        DropCounter frames;
        std::vector<std::unique_ptr<Remote<>>> remotes;
        std::vector<rt::JoinHandle<>> handles;
        {
            rt::MultiThread runtime(2);
            for (int i = 0; i < 100; ++i) {
                remotes.push_back(std::make_unique<Remote<>>("never"));
                handles.push_back(runtime.spawn(wait_for(remotes.back()->future(), frames.token())));
            }
            CHECK(runtime.task_count() == 100);
            step("destroy the runtime");
        }
        CHECK(frames.alive() == 0);
        for (std::size_t i = 0; i < handles.size(); ++i) {
            CHECK(remotes[i]->drops() == 1);
            CHECK(handles[i].is_finished());
            CHECK_THROWS_AS(rt::block_on(std::move(handles[i])), rt::Cancelled);
        }
    }

    TEST_CASE("tasks that always want to run are stopped") {
        DropCounter frames;
        for (int round = 0; round < rounds_of(20); ++round) {
            step("round {}: 1000 yielders on three workers", round);
            rt::MultiThread runtime(3);
            for (int i = 0; i < 1'000; ++i) {
                runtime.spawn(spin(frames.token())).detach();
            }
            CHECK(runtime.task_count() == 1'000);
        }
        CHECK(frames.alive() == 0);
    }

    TEST_CASE("a task that is being polled ends its poll first") {
        DropCounter frames;
        std::latch in_poll(1);
        rt::Atomic<int> ends{0};
        {
            rt::MultiThread runtime(2);
            auto busy = [](std::latch* arrived, rt::Atomic<int>* polls, DropCounter::Token) -> rt::Async<> {
                arrived->count_down();
                for (int i = 0; i < 20; ++i) {
                    rt::yield_thread();
                }
                polls->fetch_add(1, rt::relaxed);
                for (;;) {
                    co_await rt::yield_now();
                }
            };
            runtime.spawn(busy(&in_poll, &ends, frames.token())).detach();
            in_poll.wait();
            step("destroy the runtime while a worker stands in a poll");
        }
        CHECK(ends == 1);
        CHECK(frames.alive() == 0);
    }

    TEST_CASE("destructors that wake other tasks and spawn new ones") {
        DropCounter frames;
        constexpr std::size_t count = 50;
        auto shared = std::make_shared<Spiteful::Shared>(count);
        {
            std::latch polled(count);
            rt::MultiThread runtime(2);
            for (std::size_t i = 0; i < count; ++i) {
                runtime.spawn(Spiteful(shared, i, &frames, &polled)).detach();
            }
            polled.wait();
            step("destroy the runtime");
        }
        CHECK(shared->drops == int{count});
        CHECK(frames.alive() == 0);
        step("wakers outlive the runtime");
        for (rt::Waker& waker : shared->wakers) {
            std::move(waker).wake();
        }
    }

    TEST_CASE("services go after the tasks") {
        DropCounter frames;
        Remote<> never("never");
        bool gone = false;
        {
            rt::MultiThread runtime(2);
            LastToGo& service = runtime.service<LastToGo>();
            service.frames = &frames;
            service.gone = &gone;
            runtime.spawn(wait_for(never.future(), frames.token())).detach();
            for (int i = 0; i < 20; ++i) {
                runtime.spawn(spin(frames.token())).detach();
            }
        }
        CHECK(gone);
    }

    TEST_CASE("stress: foreign threads wake while the runtime goes") {
        int const rounds = rounds_of(150);
        constexpr int tasks = 20;
        std::uint64_t const seed = seed_of_this_run();
        DropCounter frames;
        struct Slot {
            rt::Mutex mutex;
            rt::Waker waker;
        };
        for (int round = 0; round < rounds; ++round) {
            step("round {}", round);
            auto slots = std::make_shared<std::vector<Slot>>(tasks);
            rt::Atomic<bool> over{false};
            std::latch start(3);
            auto wake = [&](std::uint64_t id) {
                Random random(seed + static_cast<std::uint64_t>(round) * 2 + id);
                start.arrive_and_wait();
                while (!over.load(rt::relaxed)) {
                    Slot& slot = (*slots)[static_cast<std::size_t>(random.below(tasks))];
                    rt::Waker waker;
                    {
                        rt::Lock lock(slot.mutex);
                        waker = slot.waker;
                    }
                    if (waker) {
                        std::move(waker).wake();
                    }
                }
            };
            auto runtime = std::make_unique<rt::MultiThread>(2);
            for (std::size_t i = 0; i < tasks; ++i) {
                auto wait = [slots, i, token = frames.token()](rt::Context& cx) -> rt::Poll<void> {
                    rt::Waker old;
                    rt::Lock lock((*slots)[i].mutex);
                    old = std::exchange((*slots)[i].waker, cx.waker());
                    lock.unlock();
                    return rt::Pending;
                };
                runtime->spawn(rt::poll_fn(std::move(wait))).detach();
            }
            TestThread first([&] { wake(0); });
            TestThread second([&] { wake(1); });
            start.arrive_and_wait();
            Random random(seed + static_cast<std::uint64_t>(round));
            for (int pause = random.below(2'000); pause > 0; --pause) {
                still_alive();
            }
            runtime.reset();
            CHECK(frames.alive() == 0);
            over.store(true, rt::relaxed);
            first.join();
            second.join();
        }
    }

    TEST_CASE("stress: a runtime goes while tasks are stolen and finish") {
        int const rounds = rounds_of(100);
        Random random(seed_of_this_run());
        DropCounter frames;
        auto tree = [](auto self, int depth, DropCounter::Token token) -> rt::Async<> {
            if (depth > 0) {
                for (int i = 0; i < 3; ++i) {
                    rt::spawn(self(self, depth - 1, token)).detach();
                    co_await rt::yield_now();
                }
            }
        };
        for (int round = 0; round < rounds; ++round) {
            step("round {}", round);
            rt::MultiThread runtime(3);
            runtime.spawn(tree(tree, 5, frames.token())).detach();
            for (int pause = random.below(20'000); pause > 0; --pause) {
                still_alive();
            }
        }
        CHECK(frames.alive() == 0);
    }
}
