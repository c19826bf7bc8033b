#include <doctest/doctest.h>
#include <rt/async.hpp>
#include <rt/recycled.hpp>
#include <support/story.hpp>
#include <support/test_thread.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <set>
#include <type_traits>
#include <vector>

using namespace support;
using rt::detail::BlockCache;

namespace {

class Bead : public rt::Recycled {
  public:
    explicit Bead(int n) noexcept : number(n) {}

    int number;
    std::array<char, 40> filler{};
};

/// For a cache line of its own.
class alignas(64) RoundBead : public rt::Recycled {
  public:
    std::array<char, 64> filler{};
};

}  // namespace

TEST_SUITE("08.1 recycled frames") {
    TEST_CASE("the block of one that has gone is the next one's") {
        void* first = BlockCache::take(100);
        step("give it back and take one of about that size");
        BlockCache::give(first, 100);
        void* second = BlockCache::take(97);
        if (BlockCache::recycles) {
            CHECK(second == first);
        }
        step("another size is another block");
        void* third = BlockCache::take(600);
        CHECK(third != second);
        BlockCache::give(second, 97);
        BlockCache::give(third, 600);
    }

    TEST_CASE("blocks that are in use do not overlap") {
        std::vector<std::size_t> const sizes{1, 8, 9, 24, 25, 100, 1016, 1017, 5000};
        for (int round = 0; round < 3; ++round) {
            step("round {}: fill blocks of all sizes and read them again", round);
            std::vector<unsigned char*> blocks;
            for (std::size_t i = 0; i < sizes.size(); ++i) {
                blocks.push_back(static_cast<unsigned char*>(BlockCache::take(sizes[i])));
                CHECK(reinterpret_cast<std::uintptr_t>(blocks[i]) % __STDCPP_DEFAULT_NEW_ALIGNMENT__ == 0);
                std::memset(blocks[i], static_cast<int>(i + 1), sizes[i]);
            }
            for (std::size_t i = 0; i < sizes.size(); ++i) {
                CHECK(blocks[i][0] == i + 1);
                CHECK(blocks[i][sizes[i] - 1] == i + 1);
                BlockCache::give(blocks[i], sizes[i]);
            }
        }
    }

    TEST_CASE("a stack that is full keeps no more") {
        std::size_t const size = 1000;
        std::size_t const more = 2 * BlockCache::kept_bytes / size;
        step("take {} blocks and give all of them back", more);
        std::vector<void*> blocks;
        for (std::size_t i = 0; i < more; ++i) {
            blocks.push_back(BlockCache::take(size));
        }
        for (void* block : blocks) {
            BlockCache::give(block, size);
        }
        step("take as many again: each is there once");
        std::set<void*> taken;
        for (std::size_t i = 0; i < more; ++i) {
            taken.insert(BlockCache::take(size));
        }
        CHECK(taken.size() == more);
        for (void* block : taken) {
            BlockCache::give(block, size);
        }
    }

    TEST_CASE("what is given back on another thread stays there") {
        auto* bead = new Bead(3);
        step("another thread deletes it and makes one");
        int number = 0;
        TestThread other([&] {
            delete bead;
            auto* next = new Bead(4);
            number = next->number;
            delete next;
        });
        other.join();
        CHECK(number == 4);
        step("this thread makes one");
        auto* own = new Bead(5);
        CHECK(own->number == 5);
        delete own;
    }

    TEST_CASE("what asks for a rounder address gets it") {
        auto* bead = new RoundBead;
        CHECK(reinterpret_cast<std::uintptr_t>(bead) % 64 == 0);
        delete bead;
    }

    TEST_CASE("an Async is made of one") {
        CHECK(std::is_base_of_v<rt::Recycled, rt::Async<int>::promise_type>);
        CHECK(std::is_base_of_v<rt::Recycled, rt::Async<>::promise_type>);
    }
}
