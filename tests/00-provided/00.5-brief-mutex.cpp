#include <doctest/doctest.h>
#include <rt/brief_mutex.hpp>
#include <support/story.hpp>
#include <support/test_thread.hpp>

#include <utility>
#include <vector>

using namespace support;
using rt::BriefLock;
using rt::BriefMutex;

TEST_SUITE("00.5 the brief lock") {
    TEST_CASE("of many threads one at a time has it") {
        constexpr int threads = 3;
        constexpr int turns = 20'000;
        BriefMutex mutex;
        int count = 0;  // under the mutex, and no atomic: ThreadSanitizer looks too
        {
            std::vector<TestThread> all;
            for (int t = 0; t < threads; ++t) {
                all.emplace_back([&] {
                    for (int i = 0; i < turns; ++i) {
                        BriefLock lock(mutex);
                        ++count;
                    }
                });
            }
        }
        CHECK(count == threads * turns);
    }

    TEST_CASE("a lock that moved on is given back once") {
        BriefMutex mutex;
        {
            BriefLock first(mutex);
            BriefLock second(std::move(first));
            second.unlock();
            mutex.wait_until_free();
            step("given back early");
            second.lock();
        }
        mutex.wait_until_free();
        BriefLock again(mutex);
        step("free again");
    }

    TEST_CASE("whoever waits until it is free sees what was done under it") {
        for (int round = 0; round < 500; ++round) {
            still_alive();
            BriefMutex mutex;
            rt::Atomic<bool> said{false};
            int done = 0;
            TestThread holder([&] {
                BriefLock lock(mutex);
                said.store(true, rt::release);
                done = 1;
            });
            while (!said.load(rt::acquire)) {
                rt::yield_thread();
            }
            mutex.wait_until_free();
            CHECK(done == 1);
        }
    }
}
