/// \file
/// 12.1: the readiness word, and what two threads do to it in every order.
#include "stepped_readiness.hpp"

#include <doctest/doctest.h>
#include <support/stepped_atomic.hpp>
#include <support/story.hpp>

using namespace support;
using rt::Direction, rt::Readiness;
using ReadinessWord = rt::SteppedReadinessWord;

namespace {

constexpr char newer_event[] = "a newer event was cleared: its bytes will never be announced again";
constexpr char overwritten[] =
    "the other thread's change was overwritten. Change the word by compare_exchange, and make each new word of the one that is "
    "there at that moment.";
constexpr char stayed_set[] =
    "the flag stayed set, so the task asks the kernel again and again. The other task's clear is no event.";

/// A word that was refused both ways, so that nothing is ready.
struct Refused {
    Refused() {
        word.clear_refused(Direction::read, word.load());
        word.clear_refused(Direction::write, word.load());
    }

    bool can_read() const { return word.load().allows(Direction::read); }
    bool can_write() const { return word.load().allows(Direction::write); }

    ReadinessWord word;
};

/// Calls `call` once for each moment at which another thread may come between. `begin` prepares the word, `other` is what the
/// other thread does, and `check` looks at the word afterwards.
template <class Begin, class Other, class Call, class Check>
void at_each_moment(Begin begin, Other other, Call call, Check check) {
    int moments = 0;
    for (int at = 0; at <= moments; ++at) {
        Refused r;
        begin(r);
        Steps::between(
            [&](int access, auto&) {
                if (access == at) {
                    other(r);
                }
            },
            [&] { call(r); });
        moments = Steps::accesses;
        check(r);
        still_alive();
    }
}

}  // namespace

TEST_SUITE("12.1 the readiness word") {
    TEST_CASE("an event says which direction to wake") {
        Refused r;
        step("the kernel reports readable");
        auto news = r.word.set(Readiness::readable);
        CHECK(news.read);
        CHECK_MESSAGE(
            !news.write,
            "the kernel reported only `readable`, but the writer was to be woken. Report a direction only if it "
            "is ready now and was not before.");
        CHECK(r.can_read());
        step("it reports readable and writable, but the reader is awake already");
        news = r.word.set(Readiness::readable | Readiness::writable);
        CHECK_MESSAGE(!news.read,
                      "the reader was woken twice for one wait. Report only a direction that was not ready before.");
        CHECK(news.write);
    }

    TEST_CASE("an event for the writer wakes no reader") {
        Refused r;
        step("the kernel reports writable");
        auto news = r.word.set(Readiness::writable);
        CHECK(news.write);
        CHECK_MESSAGE(
            !news.read,
            "the kernel reported only `writable`, but the reader was to be woken. A direction is news if it was not "
            "ready before, and is ready now.");
    }

    TEST_CASE("the end of a direction is an event for the task that waits there") {
        Refused r;
        step("the kernel reports that no more bytes will come");
        auto news = r.word.set(Readiness::read_closed);
        CHECK_MESSAGE(news.read,
                      "the end of the stream woke no reader. Ask `allows`, which knows all flags of a direction.");
        CHECK_FALSE(news.write);
        step("it reports that a write will fail");
        news = r.word.set(Readiness::write_closed);
        CHECK_MESSAGE(news.write,
                      "the end of the writing woke no writer. Ask `allows`, which knows all flags of a direction.");
        CHECK_FALSE(news.read);
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

    TEST_CASE("a refusal does not clear an event that came after it was seen") {
        Refused r;
        r.word.set(Readiness::readable);
        Readiness seen = r.word.load();
        step("the read is refused. Before the task clears the word, a newer event comes");
        r.word.set(Readiness::readable);
        r.word.clear_refused(Direction::read, seen);
        CHECK_MESSAGE(r.can_read(), newer_event);
    }

    TEST_CASE("nor does a short read") {
        Refused r;
        r.word.set(Readiness::readable);
        Readiness seen = r.word.load();
        step("a read is short. Before the task clears the word, a newer event comes");
        r.word.set(Readiness::readable);
        r.word.clear_short(Direction::read, seen);
        CHECK_MESSAGE(r.can_read(), newer_event);
    }

    TEST_CASE("a clear of the other direction does not stand in the way") {
        Refused r;
        r.word.set(Readiness::readable | Readiness::writable);
        Readiness seen_by_reader = r.word.load();
        step("the reader and the writer have seen the same word. First the writer clears its flag, then the reader");
        r.word.clear_refused(Direction::write, r.word.load());
        r.word.clear_refused(Direction::read, seen_by_reader);
        CHECK_MESSAGE(
            !r.can_read(),
            "the flag stayed set, so the task asks the kernel again and again. The other task's clear is no event.");
    }

    TEST_CASE("a short read clears its own direction only") {
        Refused r;
        r.word.set(Readiness::readable | Readiness::writable);
        r.word.clear_short(Direction::read, r.word.load());
        CHECK_MESSAGE(!r.can_read(), "a short read has emptied the kernel's buffer, so the word must not say readable");
        CHECK_MESSAGE(r.can_write(),
                      "the read was short, and the writer's flag was cleared. Clear only the flag of `direction`.");
        r.word.clear_short(Direction::write, r.word.load());
        CHECK_MESSAGE(!r.can_write(),
                      "a short write has filled the kernel's buffer, so the word must not say writable");
    }

    TEST_CASE("a short read keeps the end of the stream") {
        Refused r;
        step("the last bytes and the end come in one event");
        r.word.set(Readiness::readable | Readiness::read_closed);
        step("the bytes are read, and fill half of the buffer");
        r.word.clear_short(Direction::read, r.word.load());
        CHECK_MESSAGE(r.can_read(), "the end of the stream was forgotten. The kernel does not report it twice.");
    }

    TEST_CASE("a refusal clears even what has ended") {
        // A FIFO whose writer has gone says "ended". Then another writer opens it, and there is nothing to read yet.
        Refused r;
        r.word.set(Readiness::read_closed);
        r.word.clear_refused(Direction::read, r.word.load());
        CHECK_FALSE(r.can_read());
    }

    TEST_CASE("urgent data switches the short read rule off") {
        Refused r;
        r.word.set(Readiness::flags_of(EPOLLIN | EPOLLPRI));
        r.word.clear_short(Direction::read, r.word.load());
        CHECK_MESSAGE(r.can_read(),
                      "a read stops short of urgent data, so the kernel may have more. Do not clear the flag.");
        step("the next read is short, too, because it stops at the urgent data");
        r.word.clear_short(Direction::read, r.word.load());
        CHECK_MESSAGE(
            r.can_read(),
            "the first short read was not the one that stopped at the urgent data, but it cleared `urgent`. Clear no "
            "flag at all.");
        step("a refusal is a refusal all the same");
        r.word.clear_refused(Direction::read, r.word.load());
        CHECK_FALSE(r.can_read());
    }

    TEST_CASE("an event and a task that clears the other direction") {
        step("the kernel reports readable, and the writer clears its flag at each possible moment");
        ReadinessWord::News news;
        at_each_moment([](Refused& r) { r.word.set(Readiness::writable); },
                       [](Refused& r) { r.word.clear_refused(Direction::write, r.word.load()); },
                       [&](Refused& r) { news = r.word.set(Readiness::readable); },
                       [&](Refused& r) {
                           CHECK(news.read);
                           CHECK_MESSAGE(r.can_read(), "the event was lost");
                           CHECK_MESSAGE(!r.can_write(), overwritten);
                       });
    }

    TEST_CASE("an event and a task that clears what was there before") {
        step("the kernel reports readable, and the reader clears an older event at each possible moment");
        ReadinessWord::News news;
        at_each_moment(
            [](Refused& r) { r.word.set(Readiness::readable); },
            [](Refused& r) { r.word.clear_refused(Direction::read, r.word.load()); },
            [&](Refused& r) { news = r.word.set(Readiness::readable); },
            [&](Refused& r) {
                CHECK_MESSAGE(
                    (news.read || !r.can_read()),
                    "the reader had cleared the flag and waits, but the event woke no task. Decide by the value that "
                    "your exchange replaced.");
            });
    }

    TEST_CASE("two events at once") {
        step("the kernel reports readable, and another look reports writable at each possible moment");
        ReadinessWord::News other;
        ReadinessWord::News news;
        at_each_moment([](Refused&) {}, [&](Refused& r) { other = r.word.set(Readiness::writable); },
                       [&](Refused& r) { news = r.word.set(Readiness::readable); },
                       [&](Refused& r) {
                           CHECK_MESSAGE((r.can_read() && r.can_write()), overwritten);
                           CHECK(news.read);
                           CHECK_MESSAGE(
                               !news.write,
                               "a writer was woken that was awake already. Compare the word that your exchange "
                               "replaced with the one that it stored.");
                           CHECK(other.write);
                       });
    }

    TEST_CASE("a task clears while the kernel reports a newer event") {
        step("the reader clears what it had seen, and a newer event comes at each possible moment");
        Readiness seen;
        at_each_moment(
            [&](Refused& r) {
                r.word.set(Readiness::readable);
                seen = r.word.load();
            },
            [](Refused& r) { r.word.set(Readiness::readable); },
            [&](Refused& r) { r.word.clear_refused(Direction::read, seen); },
            [](Refused& r) { CHECK_MESSAGE(r.can_read(), newer_event); });
    }

    TEST_CASE("two tasks clear at once") {
        step("the reader clears its flag, and the writer clears the other one at each possible moment");
        Readiness seen;
        at_each_moment(
            [&](Refused& r) {
                r.word.set(Readiness::readable | Readiness::writable);
                seen = r.word.load();
            },
            [&](Refused& r) { r.word.clear_refused(Direction::write, seen); },
            [&](Refused& r) { r.word.clear_refused(Direction::read, seen); },
            [](Refused& r) {
                CHECK_MESSAGE(!r.can_read(), stayed_set);
                CHECK_MESSAGE(!r.can_write(), overwritten);
            });
    }

    TEST_CASE("an exchange that fails three times") {
        Refused r;
        step("the kernel reports readable, and three times another look reports writable just before the exchange");
        auto report = [&](int access, auto&) {
            if (1 <= access && access <= 3) {
                r.word.set(Readiness::writable);
            }
        };
        Steps::between(report, [&] { r.word.set(Readiness::readable); });
        CHECK_MESSAGE(r.can_read(),
                      "the exchange failed more than once, and the event was lost. Repeat it until it succeeds.");
    }

    TEST_CASE("a weak exchange that fails for no reason") {
        Refused r;
        step("some processors let compare_exchange_weak fail now and then");
        Steps::next_weak_fails = true;
        CHECK(r.word.set(Readiness::readable).read);
        CHECK_MESSAGE(r.can_read(), "a weak exchange failed for no reason. Try again.");
        Steps::next_weak_fails = true;
        r.word.clear_refused(Direction::read, r.word.load());
        CHECK_MESSAGE(!r.can_read(), "a weak exchange failed for no reason. Try again.");
        Steps::next_weak_fails = false;
    }
}
