/// \file
/// 09.1: as long as there is one thread, Atomic changes its word without the others in mind. The answers are the same.
#include <doctest/doctest.h>

#include <rt/sync.hpp>
#include <rt/sys_thread.hpp>
#include <rt/violation.hpp>
#include <support/death.hpp>
#include <support/story.hpp>
#include <support/test_thread.hpp>

#include <array>
#include <cstddef>
#include <string>

#if __has_include(<sys/single_threaded.h>)
#include <sys/single_threaded.h>
#endif

using namespace support;

namespace {

/// What every operation answers, and what it leaves behind.
std::string answers() {
    std::string all;
    rt::Atomic<unsigned> word{12};
    auto note = [&](unsigned answer) {
        all += std::to_string(answer) + ":" + std::to_string(word.load(rt::acquire)) + " ";
    };
    note(word.fetch_add(3U, rt::relaxed));
    note(word.fetch_sub(5U, rt::acq_rel));
    note(word.fetch_sub(20U));
    note(word.fetch_and(0xffU, rt::release));
    note(word.fetch_or(0x100U, rt::acq_rel));
    note(word.fetch_xor(0x3U, rt::acq_rel));
    note(word.exchange(7, rt::acq_rel));
    word.store(8, rt::seq_cst);
    note(word);
    unsigned expected = 9;
    note(word.compare_exchange_strong(expected, 1, rt::acq_rel, rt::acquire) ? 1 : 0);
    note(expected);
    note(word.compare_exchange_strong(expected, 1, rt::acq_rel, rt::acquire) ? 1 : 0);
    expected = 2;
    note(word.compare_exchange_weak(expected, 3, rt::acq_rel, rt::acquire) ? 1 : 0);
    note(expected);
    while (!word.compare_exchange_weak(expected, 3, rt::acq_rel, rt::acquire)) {}
    note(expected);
    std::array<int, 4> beads{};
    rt::Atomic<int*> place{beads.data()};
    note(static_cast<unsigned>(place.fetch_add(2) - beads.data()));
    note(static_cast<unsigned>(place.load() - beads.data()));
    rt::Atomic<bool> flag{false};
    note(flag.exchange(true) ? 1 : 0);
    note(flag.load() ? 1 : 0);
    return all;
}

char const* const expected_answers =
    "12:15 15:10 10:4294967286 4294967286:246 246:502 502:501 501:7 8:8 0:8 8:8 1:1 0:1 1:1 1:3 0:3 2:3 0:3 1:3 ";

}  // namespace

TEST_SUITE("09.1 words while there is one thread") {
    TEST_CASE("among threads") {
        TestThread other([] {});
        CHECK_FALSE(rt::sys::is_only_thread());
        CHECK(answers() == expected_answers);
    }

    TEST_CASE("alone") {
        // A forked child is alone, and says so with the sentence that is expected.
        auto alone = [] {
#if __has_include(<sys/single_threaded.h>)
            __libc_single_threaded = 1;
            bool const knows = rt::sys::is_only_thread();
#else
            bool const knows = true;
#endif
            std::string const found = answers();
            rt::violation(knows && found == expected_answers ? "every answer is right" : found.c_str());
        };
        expect_violation("every answer is right", alone, Noticed::in_every_build);
    }
}
