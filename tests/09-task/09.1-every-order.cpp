/// \file
/// 09.1: the state word under two or three threads, in every order of what they do to it.
#include <support/explore/replace.hpp>
#define TaskState ExploredTaskState
#include <rt/task_state.hpp>
#undef TaskState
#include <support/explore/restore.hpp>

#include <doctest/doctest.h>
#include <rt/sync.hpp>
#include <support/explore/explorer.hpp>
#include <support/explore/sync.hpp>

using State = rt::ExploredTaskState;

TEST_SUITE("09.1 the state word in every order") {
    TEST_CASE("whoever sees that the task is complete sees its outcome") {
        explore::every_order([] {
            State state(false);
            explore::Cell<int> outcome(0);
            explore::Thread runs([&] {
                (void)state.start();
                outcome.set(3);
                (void)state.complete();
            });
            if (state.is_complete()) {
                explore::expect(outcome.get() == 3, "the task is complete, and its outcome is not there");
            }
            runs.join();
        });
    }

    TEST_CASE("the handle and the end of the task destroy the outcome once") {
        explore::every_order([] {
            State state(false);
            explore::Cell<int> outcomes(0);
            explore::Thread runs([&] {
                (void)state.start();
                outcomes.set(1);
                if (state.complete() == State::OnComplete::drop_outcome) {
                    outcomes.set(outcomes.get() - 1);
                }
            });
            if (state.drop_handle() == State::OnDropHandle::drop_outcome) {
                outcomes.set(outcomes.get() - 1);
            }
            runs.join();
            explore::expect(outcomes.get() == 0,
                            "the outcome was destroyed twice, or never. Which of the two came second?");
        });
    }

    TEST_CASE("no wake is lost: the poll that follows it sees the event") {
        explore::every_order([] {
            State state(false);
            explore::Atomic<bool> event{false};
            explore::Atomic<int> runnables{1};
            bool seen = false;
            state.add_reference();
            explore::Thread wakes([&] {
                event.store(true, rt::relaxed);
                if (state.wake() == State::OnWake::schedule) {
                    runnables.fetch_add(1, rt::release);
                }
            });
            auto run = [&] {
                if (runnables.exchange(0, rt::acquire) != 0) {
                    (void)state.start();
                    seen = event.load(rt::relaxed);
                    if (state.pause() == State::OnPause::schedule_again) {
                        runnables.fetch_add(1, rt::release);
                    }
                }
            };
            run();
            wakes.join();
            run();
            run();
            explore::expect(seen, "the wake is lost: no poll has seen what the waking thread did before");
        });
    }

    TEST_CASE("of two wakes at once only one makes a Runnable") {
        explore::every_order([] {
            State state(false);
            state.add_reference();
            (void)state.start();
            (void)state.pause();
            explore::Atomic<int> runnables{0};
            auto wake = [&] { runnables.fetch_add(state.wake() == State::OnWake::schedule ? 1 : 0, rt::relaxed); };
            explore::Thread other(wake);
            wake();
            other.join();
            explore::expect(runnables.load() == 1, "two wakes have made two Runnables of one task, or none");
        });
    }

    TEST_CASE("the last reference destroys the task after all that was done with the others") {
        explore::every_order(
            [] {
                State state(false);
                explore::Cell<int> task(0);
                explore::Atomic<int> destroyed{0};
                auto give_back = [&] {
                    (void)task.get();
                    if (state.drop_reference() == State::OnDropReference::destroy) {
                        task.set(1);
                        destroyed.fetch_add(1, rt::relaxed);
                    }
                };
                state.add_reference();
                state.add_reference();
                (void)state.drop_handle();
                (void)state.drop_reference();
                explore::Thread first(give_back), second(give_back);
                give_back();
                first.join();
                second.join();
                explore::expect(
                    destroyed.load() == 1,
                    "the task was destroyed twice, or never. Return `destroy` only from the call that takes the last reference.");
            },
            {.preemptions = 2});
    }
}
