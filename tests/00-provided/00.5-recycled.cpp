#include <doctest/doctest.h>
#include <rt/recycled.hpp>
#include <support/story.hpp>
#include <support/test_thread.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <set>
#include <vector>

using namespace support;
using rt::Recycled;

namespace {

constexpr bool recycles = RT_UNDER_ASAN == 0;

/// How many blocks of that size a batch has.
constexpr std::size_t batch_of(std::size_t size) {
    return static_cast<std::size_t>(rt::detail::FreeBlocks::batch) / ((size + 15) / 16);
}

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

/// A thread_local that gives blocks back, and takes one, at the very end of its thread.
class LastWords {
  public:
    LastWords() = default;
    LastWords(const LastWords&) = delete;
    LastWords& operator=(const LastWords&) = delete;
    ~LastWords() {
        for (void* block : kept) {
            Recycled::operator delete(block, size);
        }
        if (!kept.empty()) {
            Recycled::operator delete(Recycled::operator new(size), size);
        }
    }

    static constexpr std::size_t size = 400;
    std::vector<void*> kept;
};
thread_local LastWords last_words;

}  // namespace

TEST_SUITE("00.5 recycled memory") {
    TEST_CASE("the block of one that has gone is the next one's") {
        void* first = Recycled::operator new(100);
        step("give it back and take one of about that size");
        Recycled::operator delete(first, 100);
        void* second = Recycled::operator new(97);
        if (recycles) {
            CHECK(second == first);
        }
        step("another size is another block");
        void* third = Recycled::operator new(600);
        CHECK(third != second);
        Recycled::operator delete(second, 97);
        Recycled::operator delete(third, 600);
    }

    TEST_CASE("blocks that are in use do not overlap") {
        std::vector<std::size_t> const sizes{1, 16, 17, 24, 100, 1024, 1025, 5000};
        for (int round = 0; round < 3; ++round) {
            step("round {}: fill blocks of all sizes and read them again", round);
            std::vector<unsigned char*> blocks;
            for (std::size_t i = 0; i < sizes.size(); ++i) {
                blocks.push_back(static_cast<unsigned char*>(Recycled::operator new(sizes[i])));
                CHECK(reinterpret_cast<std::uintptr_t>(blocks[i]) % __STDCPP_DEFAULT_NEW_ALIGNMENT__ == 0);
                std::memset(blocks[i], static_cast<int>(i + 1), sizes[i]);
            }
            for (std::size_t i = 0; i < sizes.size(); ++i) {
                CHECK(blocks[i][0] == i + 1);
                CHECK(blocks[i][sizes[i] - 1] == i + 1);
                Recycled::operator delete(blocks[i], sizes[i]);
            }
        }
    }

    TEST_CASE("every block is there once") {
        std::size_t const size = 1000;
        std::size_t const many = 5 * batch_of(size) + 1;
        auto take_many = [&] {
            std::vector<void*> blocks;
            for (std::size_t i = 0; i < many; ++i) {
                blocks.push_back(Recycled::operator new(size));
            }
            return blocks;
        };
        for (int round = 0; round < 3; ++round) {
            step("round {}: take {} blocks and give all of them back", round, many);
            std::vector<void*> const blocks = take_many();
            CHECK(std::set<void*>(blocks.begin(), blocks.end()).size() == many);
            for (void* block : blocks) {
                Recycled::operator delete(block, size);
            }
        }
    }

    TEST_CASE("what one thread has too many of another can have") {
        std::size_t const size = 200;
        std::size_t const many = 4 * batch_of(size);
        std::set<void*> first;
        step("a thread takes {} blocks, gives them back and ends", many);
        TestThread one([&] {
            for (std::size_t i = 0; i < many; ++i) {
                first.insert(Recycled::operator new(size));
            }
            for (void* block : first) {
                Recycled::operator delete(block, size);
            }
        });
        one.join();
        CHECK(first.size() == many);
        step("another takes as many");
        std::set<void*> second;
        TestThread other([&] {
            for (std::size_t i = 0; i < many; ++i) {
                second.insert(Recycled::operator new(size));
            }
            for (void* block : second) {
                Recycled::operator delete(block, size);
            }
        });
        other.join();
        if (recycles) {
            CHECK(first == second);
        }
        CHECK(second.size() == many);
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

    TEST_CASE("a thread that only gives back a few leaves them to others when it ends") {
        std::size_t const size = 200;
        std::set<void*> seen;
        step("a hundred threads end, each gives back two blocks that were made here");
        for (int i = 0; i < 100; ++i) {
            std::array<void*, 2> blocks{Recycled::operator new(size), Recycled::operator new(size)};
            seen.insert(blocks.begin(), blocks.end());
            TestThread other([blocks] {
                for (void* block : blocks) {
                    Recycled::operator delete(block, size);
                }
            });
            other.join();
        }
        if (recycles) {
            CHECK(seen.size() <= 2 * batch_of(size));
        }
    }

    TEST_CASE("what a thread gives back while it ends others can have") {
        std::size_t const many = 3 * batch_of(LastWords::size);
        std::set<void*> seen;
        step("a hundred threads end, each gives back {} blocks as its last deed", many);
        for (int i = 0; i < 100; ++i) {
            TestThread other([&] {
                auto& kept = last_words.kept;  // made before the thread's first block, so gone after all blocks
                for (std::size_t k = 0; k < many; ++k) {
                    kept.push_back(Recycled::operator new(LastWords::size));
                }
                seen.insert(kept.begin(), kept.end());
            });
            other.join();
        }
        if (recycles) {
            CHECK(seen.size() <= 2 * many);
        }
    }

    TEST_CASE("what asks for a rounder address gets it") {
        auto* bead = new RoundBead;
        CHECK(reinterpret_cast<std::uintptr_t>(bead) % 64 == 0);
        delete bead;
    }
}
