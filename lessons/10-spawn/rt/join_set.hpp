/// \file
/// `JoinSet<T>`: tasks that belong together. Spawn them, and take their results in the order in which they end.
///
/// The task of a member stores the member's outcome in the set's list of members. Then it puts the member into a queue,
/// and wakes the task that waits in `join_next`. So the set never searches for the member that has ended.
///
/// Thread safety: the set belongs to one thread at a time. Only the queue has a lock, because members end on any thread.
///
/// Source: `tokio::task::JoinSet`.
#pragma once

#include <rt/budget.hpp>
#include <rt/future.hpp>
#include <rt/outcome.hpp>
#include <rt/scheduler.hpp>
#include <rt/spawn.hpp>
#include <rt/sync.hpp>
#include <rt/task.hpp>
#include <rt/todo.hpp>
#include <rt/waker_slot.hpp>

#include <cstddef>
#include <iterator>
#include <list>
#include <memory>
#include <new>
#include <optional>
#include <source_location>
#include <utility>

namespace rt {

template <class T = void>
class JoinSet {
  public:
    JoinSet() = default;
    /// Moves the members. The other set is empty then, and can be used again.
    JoinSet(JoinSet&& other) noexcept { std::swap(shared_, other.shared_); }
    JoinSet& operator=(JoinSet other) noexcept {
        std::swap(shared_, other.shared_);
        return *this;
    }
    /// Aborts the members that still run. Results and exceptions that were not taken are lost.
    ~JoinSet() {
        // TODO(10.4) Ask all members to end. A member that ends later must not wake the task that waited here.
        todo("10.4 end a set", shared_);
    }

    /// Spawns a future, `f()`, or `f(args...)` as `rt::spawn` does. The task is a member of this set.
    template <class F>
    void spawn(F f, std::source_location where = std::source_location::current()) {
        insert(detail::to_send_future(std::move(f)), where);
    }
    template <class F, class... Args>
        requires(sizeof...(Args) > 0)
    void spawn(F f, Args... args) {
        insert(detail::to_send_future(std::move(f), std::move(args)...), std::source_location());
    }

    /// How many results have not been taken.
    std::size_t size() const noexcept { return shared_->members.size(); }
    bool is_empty() const noexcept { return shared_->members.empty(); }

    /// Asks all members to end. `join_next` then throws `Cancelled` for each that has not ended before.
    void abort_all() noexcept {
        for (Member& member : shared_->members) {
            member.handle.abort();
        }
    }

    /// A future of the next result, in the order in which the members end. The result is nullopt when no member is
    /// left. The future throws what the member threw, or `Cancelled`. Destroying the future loses no result.
    auto join_next() noexcept {
        return poll_fn([this, share = budget::Share()](Context& cx) mutable -> Poll<std::optional<NonVoid<T>>> {
            if (!share.poll_proceed(cx)) {
                return Pending;
            }
            std::optional<NonVoid<T>> next = try_join_next();
            if (!next && !is_empty()) {
                // TODO(10.4) Wait until a member ends. One may end on another thread while you do this.
                todo("10.4 wait for the next member", cx, next);
            }
            return Ready<std::optional<NonVoid<T>>>(std::move(next));
        });
    }

    /// The next result if a member has ended, otherwise nullopt. Throws as `join_next` does.
    std::optional<NonVoid<T>> try_join_next() {
        Lock lock(shared_->mutex);
        Member* const member = shared_->first_ended;
        if (member == nullptr) {
            return std::nullopt;
        }
        shared_->remove_ended(shared_->first_ended);
        lock.unlock();
        budget::spend();
        // TODO(10.4) Return or throw the member's outcome. In both cases, erase the member from `members`. If the
        // outcome is empty, throw `Cancelled`.
        todo("10.4 give out how a member ended", member);
    }

  private:
    struct Member {
        JoinHandle<> handle{nullptr};
        Outcome<T> outcome;  // stored by the task. Stays empty if the task is cancelled
        typename std::list<Member>::iterator place;
        Member* next = nullptr;  // in the queue of those that have ended
    };

    /// What the set shares with the tasks of its members. The queue links the members themselves, because a task may
    /// end when no memory is left.
    struct Shared {
        std::list<Member> members;  // whose results were not taken. Only the set changes the list
        WakerSlot waiter;           // of the task in `join_next`
        Mutex mutex;                // for the queue of members that have ended
        Member* first_ended = nullptr;
        Member** end_of_queue = &first_ended;

        /// Puts `member` at the end of the queue. Called under the lock, as `remove_ended` is.
        void add_ended(Member& member) noexcept {
            *end_of_queue = &member;
            end_of_queue = &member.next;
        }
        /// Takes out the member that `link` points to.
        void remove_ended(Member*& link) noexcept {
            if (end_of_queue == &link->next) {
                end_of_queue = &link;
            }
            link = link->next;
        }
    };

    /// The future of a member's task: polls the future that was spawned, and stores its outcome in the member.
    template <class F>
    class MemberFuture {
      public:
        using Output = void;

        MemberFuture(F&& future, std::shared_ptr<Shared> shared, Member* member) noexcept
            : future_(std::move(future)), shared_(std::move(shared)), member_(member) {}
        MemberFuture(MemberFuture&&) = default;
        ~MemberFuture() {
            if (shared_ == nullptr) {
                return;  // moved from
            }
            // TODO(10.4) The task has ended. Destroy the future, put the member into the queue, and wake the `waiter`.
            todo("10.4 report the end of a member");
        }

        Poll<void> poll(Context& cx) {
            // TODO(10.4) Poll the member's future once, and store its outcome in the member.
            todo("10.4 poll a member", cx, member_);
        }

      private:
        std::optional<F> future_;
        std::shared_ptr<Shared> shared_;
        Member* member_;
    };

    // Given: makes a member and its task.
    template <class F>
    void insert(F&& future, std::source_location where) {
        Member& member = shared_->members.emplace_back();
        member.place = std::prev(shared_->members.end());
        try {
            member.handle =
                current("JoinSet::spawn").spawn(MemberFuture<F>(std::move(future), shared_, &member), where);
        } catch (const std::bad_alloc&) {  // the MemberFuture was destroyed, so its member is in the queue
            Lock lock(shared_->mutex);
            Member** link = &shared_->first_ended;
            while (*link != &member) {
                link = &(*link)->next;
            }
            shared_->remove_ended(*link);
            shared_->members.erase(member.place);
            throw;
        }
    }

    std::shared_ptr<Shared> shared_ = std::make_shared<Shared>();
};

}  // namespace rt
