/// \file
/// 12.1: the readiness word.
#include <doctest/doctest.h>

#include <rt/readiness.hpp>
#include <rt/sync.hpp>
#include <rt/sys.hpp>
#include <support/story.hpp>
#include <support/test_thread.hpp>

#include <cstdint>

using namespace support;
using rt::Direction, rt::Readiness, rt::ReadinessWord;

namespace {

/// A word that was refused both ways: nothing is ready.
class Refused {
  public:
    Refused() {
        word.clear_refused(Direction::read, word.load());
        word.clear_refused(Direction::write, word.load());
    }

    ReadinessWord word;
};

}  // namespace

TEST_SUITE("12.1 the readiness word") {
    TEST_CASE("what nobody has tried is worth trying") {
        ReadinessWord word;
        CHECK(word.load().allows(Direction::read));
        CHECK(word.load().allows(Direction::write));
    }

    TEST_CASE("a refusal clears its own direction only") {
        ReadinessWord word;
        step("the read was refused");
        word.clear_refused(Direction::read, word.load());
        CHECK_FALSE(word.load().allows(Direction::read));
        CHECK(word.load().allows(Direction::write));
        step("the write was refused");
        word.clear_refused(Direction::write, word.load());
        CHECK_FALSE(word.load().allows(Direction::write));
    }

    TEST_CASE("an event says who may be woken") {
        Refused r;
        step("readable");
        auto news = r.word.set(Readiness::readable);
        CHECK(news.read);
        CHECK_FALSE(news.write);
        CHECK(r.word.load().allows(Direction::read));
        step("readable and writable: whoever reads is awake already");
        news = r.word.set(Readiness::readable | Readiness::writable);
        CHECK_FALSE(news.read);
        CHECK(news.write);
    }

    TEST_CASE("the answers of epoll") {
        CHECK(Readiness::flags_of(EPOLLIN) == Readiness::readable);
        CHECK(Readiness::flags_of(EPOLLOUT) == Readiness::writable);
        CHECK(Readiness::flags_of(EPOLLIN | EPOLLRDHUP) == (Readiness::readable | Readiness::read_closed));
        CHECK(Readiness::flags_of(EPOLLHUP) == (Readiness::read_closed | Readiness::write_closed));
        CHECK(Readiness::flags_of(EPOLLERR) == (Readiness::read_closed | Readiness::write_closed));
        CHECK(Readiness::flags_of(EPOLLPRI) == (Readiness::readable | Readiness::urgent));
    }

    TEST_CASE("a refusal does not clear an event that came after it was seen") {
        Refused r;
        r.word.set(Readiness::readable);
        Readiness seen = r.word.load();
        step("the read is refused; before that is noted comes a newer event");
        r.word.set(Readiness::readable);
        r.word.clear_refused(Direction::read, seen);
        CHECK_MESSAGE(r.word.load().allows(Direction::read),
                      "a newer event was cleared: its bytes will never be announced again");
    }

    TEST_CASE("nor does a short read") {
        Refused r;
        r.word.set(Readiness::readable);
        Readiness seen = r.word.load();
        step("a short read; before that is noted comes a newer event");
        r.word.set(Readiness::readable);
        r.word.clear_short(Direction::read, seen);
        CHECK_MESSAGE(r.word.load().allows(Direction::read),
                      "a newer event was cleared: its bytes will never be announced again");
    }

    TEST_CASE("a clear of the other direction does not stand in the way") {
        Refused r;
        r.word.set(Readiness::readable | Readiness::writable);
        Readiness seen_by_reader = r.word.load();
        r.word.clear_refused(Direction::write, r.word.load());
        r.word.clear_refused(Direction::read, seen_by_reader);
        CHECK_FALSE(r.word.load().allows(Direction::read));
    }

    TEST_CASE("a short read keeps the end of the stream") {
        Refused r;
        step("the last bytes and the end come in one event");
        r.word.set(Readiness::readable | Readiness::read_closed);
        step("the bytes are read, and fill half of the buffer");
        r.word.clear_short(Direction::read, r.word.load());
        CHECK_MESSAGE(r.word.load().allows(Direction::read),
                      "the end of the stream was forgotten: it is not said twice");
    }

    TEST_CASE("a refusal clears even what has ended") {
        // A FIFO whose writer has gone says 'ended'; then another writer opens it, and there is nothing to read yet.
        Refused r;
        r.word.set(Readiness::read_closed);
        r.word.clear_refused(Direction::read, r.word.load());
        CHECK_FALSE(r.word.load().allows(Direction::read));
    }

    TEST_CASE("urgent data switches the short read rule off") {
        Refused r;
        r.word.set(Readiness::flags_of(EPOLLIN | EPOLLPRI));
        r.word.clear_short(Direction::read, r.word.load());
        CHECK(r.word.load().allows(Direction::read));
        step("a refusal is a refusal all the same");
        r.word.clear_refused(Direction::read, r.word.load());
        CHECK_FALSE(r.word.load().allows(Direction::read));
    }

    TEST_CASE("the next descriptor begins with what nobody has tried") {
        Refused r;
        step("the descriptor is closed; the word begins to belong to another");
        r.word.set(Readiness::flags_of(EPOLLPRI));
        r.word.reset();
        CHECK(r.word.load().allows(Direction::read));
        CHECK(r.word.load().allows(Direction::write));
        CHECK_FALSE(r.word.load().is_urgent());
    }

    TEST_CASE("no event is lost between two threads") {
        // One thread reports events, the other consumes: what it counts last must be all.
        constexpr std::uint64_t events = 200'000;
        Refused r;
        rt::Atomic<std::uint64_t> announced{0};
        TestThread kernel([&] {
            for (std::uint64_t i = 1; i <= events; ++i) {
                announced.store(i, rt::release);
                r.word.set(Readiness::readable);
            }
        });
        std::uint64_t consumed = 0;
        while (consumed < events) {
            Readiness seen = r.word.load();
            if (seen.allows(Direction::read)) {
                consumed = announced.load(rt::acquire);  // "reads until it is dry"
                r.word.clear_refused(Direction::read, seen);
                still_alive();
            } else {
                rt::yield_thread();
            }
        }
        CHECK(consumed == events);
    }
}
