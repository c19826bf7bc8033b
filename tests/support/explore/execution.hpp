/// \file
/// One explorer: it runs executions, and in each of them decides which thread goes on. Included by explorer.cpp.
///
/// Invariants:
///  - Only one thread of an execution runs, the one whose turn it is. Before each operation it says what it is about to do,
///    chooses the thread that goes on, and gives it the turn. So at each choice, the next operation of every thread is known.
///  - A search without a bound leaves out orders that differ only in operations that can change places. A thread whose next
///    operation was tried at an earlier choice sleeps until another thread does something that depends on it.
///  - An execution that fails or reaches a limit is never ended. Its threads keep what they have, and wait for good.
#pragma once

#include <support/explore/choices.hpp>
#include <support/explore/columns.hpp>
#include <support/explore/explorer.hpp>
#include <support/explore/memory.hpp>
#include <support/explore/thread_state.hpp>

#include <rt/sync.hpp>
#include <support/story.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <semaphore>
#include <source_location>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace explore {

class Explorer {
  public:
    Explorer(Limits limits, std::optional<std::uint64_t> seed) : limits_(limits), choices_(seed) {}

    /// Not called if it has stopped.
    ~Explorer() {
        for (const std::shared_ptr<Worker>& worker : workers_) {
            worker->turn.release();
        }
        for (const std::shared_ptr<Worker>& worker : workers_) {
            worker->thread.join();
        }
    }

    bool has_stopped() const noexcept { return has_stopped_; }

    Result replay(const std::function<void()>& body, std::string_view order) {
        choices_.replay(order);
        ++result_.executions;
        run(body);
        return result_;
    }

    Result search(const std::function<void()>& body) {
        auto const until = std::chrono::steady_clock::now() + limits_.time;
        do {
            support::still_alive();
            if (result_.executions == limits_.executions || std::chrono::steady_clock::now() > until) {
                result_.end = Result::End::limit;
                result_.why = unfinished;
                break;
            }
            ++result_.executions;
            run(body);
            if (result_.end == Result::End::exhausted && !choices_.is_same()) {
                result_.end = Result::End::limit;
                result_.why = diverged;
            }
        } while (result_.end == Result::End::exhausted && choices_.next());
        return result_;
    }

    // An execution. All of this is called by the thread whose turn it is.

    /// Says what the thread is about to do, and returns when it may.
    void point(Op op) {
        ThreadState& me = mine();
        me.next = op;
        give_turn();
        Memory::tick(self->number, me.clock);
        if (++steps_ > limits_.steps) {
            stop(Result::End::limit, endless);
        }
    }

    std::uint64_t load(const void* address, std::uint64_t now, int order, std::source_location where) {
        point({Kind::load, address, order == static_cast<int>(rt::seq_cst), where});
        Memory::Seen const seen = memory_.load(self->number, mine().clock, address, now, order,
                                               [this](std::size_t count) { return choose(count); });
        note({.value = seen.bits, .is_old = seen.is_old});
        return seen.bits;
    }
    void failed_exchange(const void* address, std::uint64_t now, int order) {
        memory_.failed_exchange(self->number, mine().clock, address, now, order);
        note({.value = now, .is_in_vain = true});
    }
    void write(const void* address, std::uint64_t before, std::uint64_t after, int order, bool reads) {
        memory_.write(self->number, mine().clock, address, before, after, order, reads);
        note({.value = after, .before = before, .writes = true, .reads = reads});
    }
    bool surprise() {
        bool const wanted = surprises_ < limits_.surprises && choose(2) == 1;
        surprises_ += wanted ? 1 : 0;
        return wanted;
    }

    void lock(const void* mutex, std::source_location where) {
        point({Kind::lock, mutex, true, where});
        memory_.lock(self->number, mine().clock, mutex);
        note({});
    }
    void unlock(const void* mutex, std::source_location where) {
        point({Kind::unlock, mutex, true, where});
        memory_.unlock(self->number, mine().clock, mutex);
        note({});
    }
    bool wait(const void* condvar, const void* mutex, bool is_timed, std::source_location where) {
        point({.kind = Kind::wait, .object = condvar, .writes = true, .where = where, .second = mutex});
        memory_.unlock(self->number, mine().clock, mutex);
        mine().waits = condvar;
        mine().is_timed = is_timed;
        mine().is_notified = false;
        note({});
        point({Kind::wake, condvar, true, where});
        bool const is_notified = mine().is_notified;
        // A wait may be notified and say that its time is up, or be woken for no reason and say that it isn't.
        bool const is_late = is_timed && (is_notified ? surprise() : is_forced_ || choose(2) == 0);
        mine().waits = nullptr;
        note({.is_in_vain = !is_notified});
        lock(mutex, where);
        return !is_late;
    }
    void notify(const void* condvar, bool all, std::source_location where) {
        point({Kind::notify, condvar, true, where});
        std::vector<ThreadState*> waiting;
        for (ThreadState& thread : threads_) {
            if (thread.waits == condvar && !thread.is_notified) {
                waiting.push_back(&thread);
            }
        }
        note({.value = waiting.size()});
        if (!all && waiting.size() > 1) {
            waiting = {waiting[choose(waiting.size())]};
        }
        for (ThreadState* thread : waiting) {
            thread->is_notified = true;
        }
    }

    /// The new thread runs to its first operation at once, because what it does until then has no order.
    int start(std::function<void()> body) {
        if (threads_.size() == most_threads) {
            fail("there are more threads than the explorer has room for");
        }
        int const number = int(threads_.size());
        int const parent = self == nullptr ? nobody : self->number;
        ThreadState& thread = threads_.emplace_back();
        if (parent != nobody) {
            thread.clock = at(parent).clock;
            Memory::tick(parent, at(parent).clock);
        }
        Memory::tick(number, thread.clock);
        thread.priority = choices_.random();
        thread.starter = parent;
        thread.worker = worker(number);
        thread.worker->body = std::move(body);
        thread.worker->turn.release();
        if (parent != nobody) {
            self->turn.acquire();
        }
        return number;
    }
    void join(int thread, std::source_location where) {
        point({.kind = Kind::join, .where = where, .target = thread});
        mine().clock.join(at(thread).clock);
        note({});
    }
    void yield(std::source_location where) {
        mine().has_yielded = true;
        point({Kind::yield, nullptr, false, where});
    }

    void access(const void* memory, bool writes, std::source_location where) {
        if (!memory_.access(self->number, mine().clock, memory, writes)) {
            fail(data_race, where);
        }
    }
    void begin(const void* object) { memory_.begin(object); }

    [[noreturn]] void fail(const char* why) { stop(Result::End::failed, why); }
    [[noreturn]] void fail(const char* why, std::source_location where) {
        rows_.push_back({.thread = self->number, .kind = Kind::note, .where = where});
        fail(why);
    }

  private:
    ThreadState& at(int number) { return threads_[std::size_t(number)]; }
    ThreadState& mine() { return at(self->number); }

    void note(Row row) {
        row.thread = self->number;
        row.kind = mine().next.kind;
        row.where = mine().next.where;
        rows_.push_back(row);
    }

    // Who goes on.

    bool can_go_on(const ThreadState& thread) {
        switch (thread.next.kind) {
            case Kind::lock: return !memory_.is_locked(thread.next.object);
            case Kind::wake: return thread.is_notified;
            case Kind::join: return at(thread.next.target).is_finished;
            default: return true;
        }
    }

    /// The threads among which to choose. The current one comes first, if it is among them.
    std::vector<int> ready_threads(int current) {
        std::vector<int> ready, surprised, timed;
        for (int i = 0; i < int(threads_.size()); ++i) {
            if (at(i).is_finished) {
                continue;
            }
            if (can_go_on(at(i))) {
                ready.insert(i == current ? ready.begin() : ready.end(), i);
            } else if (at(i).next.kind == Kind::wake) {
                (at(i).is_timed ? timed : surprised).push_back(i);
            }
        }
        bool const all_yielded = std::ranges::all_of(ready, [&](int i) { return at(i).has_yielded; });
        is_forced_ = all_yielded && (ready.empty() || !timed.empty());  // nothing else can help: a time must be up
        if (is_forced_ || std::ranges::any_of(ready, [&](int i) { return at(i).has_yielded; })) {
            asleep_ = 0;  // Who may go on depends on the order so far, so nothing is left out here.
        }
        if (is_forced_) {
            return timed;
        }
        std::erase_if(ready, [&](int i) { return !all_yielded && at(i).has_yielded; });
        if (ready[0] == current && !all_yielded && preemptions_ >= limits_.preemptions) {
            return {current};
        }
        if (surprises_ < limits_.surprises) {
            ready.insert(ready.end(), timed.begin(), timed.end());
            ready.insert(ready.end(), surprised.begin(), surprised.end());
        }
        return ready;
    }

    int choose_thread(int current) {
        std::vector<int> options = ready_threads(current);
        if (options.empty()) {
            return nobody;
        }
        bool const could_go_on = options[0] == current && !at(current).has_yielded;
        bool const sleeps = limits_.preemptions == unbounded && !choices_.is_random();
        if (sleeps) {
            std::vector<int> const all = options;
            std::erase_if(options, [&](int i) { return (asleep_ >> i & 1U) != 0; });
            if (options.empty()) {  // Another execution has this order. This one goes on to its end without choices.
                is_redundant_ = true;
                options = all;
            }
        }
        int chosen = options[0];
        if (choices_.is_random()) {
            chosen = *std::ranges::max_element(options, {}, [this](int i) { return at(i).priority; });
            if (choices_.random() % std::uint64_t(std::max(result_.operations, 1)) < priority_changes) {
                at(chosen).priority = std::uint64_t(limits_.steps - steps_);  // the lowest so far
            }
        } else {
            std::size_t const number = choose(options.size());
            chosen = options[number];
            for (std::size_t i = 0; i < number; ++i) {  // what these do next was tried before
                asleep_ |= 1U << options[i];
            }
        }
        for (int i = 0; i < int(threads_.size()); ++i) {
            if (i == chosen || depend(at(i).next, at(chosen).next)) {
                asleep_ &= ~(1U << i);
            }
            at(i).has_yielded = at(i).has_yielded && i == chosen;
        }
        preemptions_ += could_go_on && chosen != current ? 1 : 0;
        surprises_ += is_forced_ || can_go_on(at(chosen)) ? 0 : 1;
        return chosen;
    }

    std::size_t choose(std::size_t count) { return count < 2 || is_redundant_ ? 0 : choices_.choose(count); }

    /// Lets the thread that is chosen go on. Returns when this one is chosen, or at once if it has ended.
    void give_turn() {
        int const starter = std::exchange(mine().starter, nobody);
        int const chosen = starter != nobody ? starter : choose_thread(self->number);
        if (chosen == nobody) {
            for (int i = 0; i < int(threads_.size()); ++i) {
                if (!at(i).is_finished) {
                    rows_.push_back({.thread = i, .kind = Kind::note, .where = at(i).next.where, .waits = true});
                }
            }
            fail(deadlock);
        }
        bool const has_ended = mine().is_finished;
        if (chosen != self->number) {
            at(chosen).worker->turn.release();
            if (!has_ended) {
                self->turn.acquire();
            }
        }
    }

    /// Ends the search. The threads of this execution stay where they are, for good.
    [[noreturn]] void stop(Result::End end, const char* why) {
        result_.end = end;
        result_.why = why;
        result_.preemptions = preemptions_;
        result_.order = choices_.is_random()
                            ? ""
                            : (limits_.preemptions == unbounded ? "all" : std::to_string(limits_.preemptions)) + ":" +
                                  choices_.order();
        has_stopped_ = true;
        result_.story = end == Result::End::failed ? columns(rows_, int(threads_.size())) : "";
        done_.release();
        for (;;) {
            self->turn.acquire();
        }
    }

    void run(const std::function<void()>& body) {
        threads_.clear();
        threads_.reserve(most_threads);
        memory_ = {};
        rows_.clear();
        choices_.begin();
        steps_ = preemptions_ = surprises_ = 0;
        asleep_ = 0;
        is_redundant_ = false;
        start(body);
        done_.acquire();
        result_.threads = std::max(result_.threads, int(threads_.size()));
        result_.operations = std::max(result_.operations, steps_);
    }

    std::shared_ptr<Worker> worker(int number) {
        if (std::size_t(number) == workers_.size()) {
            auto made = std::make_shared<Worker>();
            made->number = number;
            workers_.push_back(made);
            made->thread = rt::Thread([this, &me = *made] { work(me); });
        }
        return workers_[std::size_t(number)];
    }

    void work(Worker& me) {
        self = &me;
        for (;;) {
            me.turn.acquire();
            if (!me.body) {  // the search has ended
                return;
            }
            try {
                std::exchange(me.body, nullptr)();
            } catch (...) {
                fail("an exception has left a thread");
            }
            mine().is_finished = true;
            if (std::ranges::all_of(threads_, &ThreadState::is_finished)) {
                done_.release();
            } else {
                give_turn();
            }
        }
    }

    Limits limits_;
    Choices choices_;
    Result result_;
    std::vector<std::shared_ptr<Worker>> workers_;
    std::binary_semaphore done_{0};
    bool has_stopped_ = false;

    // of one execution
    std::vector<ThreadState> threads_;
    Memory memory_;
    std::vector<Row> rows_;
    int steps_ = 0, preemptions_ = 0, surprises_ = 0;
    Set asleep_ = 0;
    bool is_redundant_ = false;
    bool is_forced_ = false;  // a time is up, because nothing else can happen
};

}  // namespace explore
