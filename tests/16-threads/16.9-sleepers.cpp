/// \file
/// 16.9: threads that sleep and are woken, again and again.
#include <doctest/doctest.h>
#include <rt/idle.hpp>
#include <rt/park.hpp>
#include <rt/sync.hpp>
#include <rt/worker_park.hpp>
#include <support/random.hpp>
#include <support/story.hpp>
#include <support/test_thread.hpp>

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

using namespace support;
using rt::Idle;

namespace {

/// What a runtime makes of Idle, with a number in place of the queues: work that is there to be taken.
class Workshop {
  public:
    explicit Workshop(unsigned workers) : idle_(workers) {
        for (unsigned id = 0; id < workers; ++id) {
            parks_.push_back(std::make_unique<rt::ThreadPark>());
        }
    }

    /// As whoever makes work does.
    void submit() {
        work_.fetch_add(1, rt::seq_cst);
        wake_one();
    }

    /// As a worker does, until told to stop; `on_work` for each piece.
    template <class F>
    void work(unsigned id, F on_work) {
        bool searching = false;
        while (!stopping_.load(rt::relaxed)) {
            if (take()) {
                if (searching) {
                    searching = false;
                    look_again_if(idle_.end_search());
                }
                on_work();
            } else if (!searching && idle_.begin_search()) {
                searching = true;
            } else {
                look_again_if(idle_.fall_asleep(id, searching));
                parks_[id]->park(std::nullopt);
                searching = idle_.wake_up(id);
            }
        }
    }

    void stop() {
        stopping_.store(true, rt::relaxed);
        for (auto& park : parks_) {
            park->unpark();
        }
    }

    Idle& idle() { return idle_; }

  private:
    bool take() {
        int before = work_.load(rt::seq_cst);
        while (before != 0) {
            if (work_.compare_exchange_weak(before, before - 1, rt::seq_cst)) {
                return true;
            }
        }
        return false;
    }
    void look_again_if(bool was_last_searcher) {
        if (was_last_searcher && work_.load(rt::seq_cst) != 0) {
            wake_one();
        }
    }
    void wake_one() {
        if (std::optional<unsigned> chosen = idle_.choose_sleeper()) {
            parks_[*chosen]->unpark();
        }
    }

    Idle idle_;
    rt::Atomic<int> work_{0};
    rt::Atomic<bool> stopping_{false};
    std::vector<std::unique_ptr<rt::ThreadPark>> parks_;
};

}  // namespace

TEST_SUITE("16.9 all together") {
    TEST_CASE("stress: one piece of work at a time and each is done") {
        int const pieces = rounds_of(20'000);
        Random random(seed_of_this_run());
        for (unsigned const workers : {1U, 2U, 3U}) {
            step("{} pieces for {} workers", pieces, workers);
            Workshop shop(workers);
            rt::Atomic<int> done{0};
            rt::ThreadPark customer;
            {
                std::vector<std::unique_ptr<TestThread>> threads;
                for (unsigned id = 0; id < workers; ++id) {
                    threads.push_back(std::make_unique<TestThread>([&, id] {
                        shop.work(id, [&] {
                            done.fetch_add(1, rt::release);
                            customer.unpark();
                        });
                    }));
                }
                for (int n = 1; n <= pieces; ++n) {
                    still_alive();
                    shop.submit();
                    while (done.load(rt::acquire) < n) {
                        customer.park(std::nullopt);
                    }
                    for (int pause = random.below(100); pause > 0; --pause) {
                        still_alive();
                    }
                }
                shop.stop();
            }
            CHECK(done.load(rt::relaxed) == pieces);
        }
    }

    TEST_CASE("stress: workers that make work for others") {
        int const pieces = rounds_of(30'000);
        seed_of_this_run();
        step("each piece makes another, until {} are done", pieces);
        Workshop shop(3);
        rt::Atomic<int> done{0};
        rt::ThreadPark customer;
        {
            std::vector<std::unique_ptr<TestThread>> threads;
            for (unsigned id = 0; id < 3; ++id) {
                threads.push_back(std::make_unique<TestThread>([&, id] {
                    shop.work(id, [&] {
                        still_alive();
                        int const n = done.fetch_add(1, rt::acq_rel) + 1;
                        if (n < pieces) {
                            shop.submit();
                        } else {
                            customer.unpark();
                        }
                    });
                }));
            }
            shop.submit();
            while (done.load(rt::acquire) < pieces) {
                customer.park(std::nullopt);
            }
            shop.stop();
        }
        CHECK(done.load(rt::relaxed) == pieces);
    }

    TEST_CASE("stress: wherever a worker lies it is reached") {
        int const rounds = rounds_of(20'000);
        seed_of_this_run();
        rt::ThreadPark driver;
        rt::TryLock lock;
        std::array<rt::WorkerPark, 2> parks;
        std::array<rt::Atomic<int>, 2> seen{};
        std::array<rt::Atomic<int>, 2> asked{};
        rt::ThreadPark waker;
        auto sleeper = [&](std::size_t id) {
            for (int n = 1; n <= rounds; ++n) {
                while (asked[id].load(rt::acquire) < n) {
                    parks[id].park(driver, lock);
                }
                seen[id].store(n, rt::release);
                waker.unpark();
            }
        };
        TestThread first([&] { sleeper(0); });
        TestThread second([&] { sleeper(1); });
        step("wake both, {} times", rounds);
        for (int n = 1; n <= rounds; ++n) {
            still_alive();
            for (std::size_t id = 0; id < 2; ++id) {
                asked[id].store(n, rt::release);
                parks[id].unpark();
            }
            while (seen[0].load(rt::acquire) < n || seen[1].load(rt::acquire) < n) {
                waker.park(std::nullopt);
            }
        }
    }
}
