/// \file
/// `JoinSet<T>`: tasks that belong together. Spawn them, and take their results in the order in which they end.
///
/// The set keeps a list of JoinHandles. Each handle gets a waker of its own, which knows the handle's place in the
/// list. When a task ends, its waker puts that place into a second list and wakes the task that waits in `join_next`.
/// So the set never searches for the handle that is finished.
///
/// Thread safety: the set belongs to one thread at a time. Only the list of finished members has a lock.
///
/// Source: `tokio::task::JoinSet`.
#pragma once

#include <rt/future.hpp>
#include <rt/recycled.hpp>
#include <rt/spawn.hpp>
#include <rt/sync.hpp>
#include <rt/task.hpp>
#include <rt/wake.hpp>
#include <rt/waker.hpp>
#include <rt/waker_slot.hpp>

#include <cstddef>
#include <deque>
#include <iterator>
#include <list>
#include <memory>
#include <optional>
#include <source_location>
#include <type_traits>
#include <utility>

namespace rt {

template <class T = void>
class JoinSet {
    using Members = std::list<JoinHandle<T>>;
    using Member = typename Members::iterator;
    class Finished;
    class Notice;

  public:
    JoinSet() = default;
    /// Moves the members. The other set is empty then, and can be used again.
    JoinSet(JoinSet&& other) noexcept = default;
    JoinSet& operator=(JoinSet other) noexcept {
        std::swap(members_, other.members_);
        std::swap(finished_, other.finished_);
        return *this;
    }
    /// Aborts the members that still run. Results and exceptions that were not taken are lost.
    ~JoinSet() {
        abort_all();
        if (finished_) {
            finished_->waiter.take();
        }
    }

    /// Spawns a future, `f()`, or `f(args...)` as `rt::spawn` does. The task is a member of this set.
    template <class F>
    void spawn(F f, std::source_location where = std::source_location::current()) {
        insert(rt::spawn(std::move(f), where));
    }
    template <class F, class... Args>
        requires(sizeof...(Args) > 0)
    void spawn(F f, Args... args) {
        insert(rt::spawn(std::move(f), std::move(args)...));
    }

    /// How many results have not been taken.
    std::size_t size() const noexcept { return members_.size(); }
    bool is_empty() const noexcept { return members_.empty(); }

    /// Asks all members to end. `join_next` then throws `Cancelled` for each that has not ended before.
    void abort_all() noexcept {
        for (JoinHandle<T>& member : members_) {
            member.abort();
        }
    }

    /// A future of the next result, in the order in which the members end. It is nullopt when no member is left. It
    /// throws what the member threw, or `Cancelled`. Destroying the future loses no result.
    auto join_next() noexcept {
        return poll_fn([this](Context& cx) -> Poll<std::optional<NonVoid<T>>> {
            if (is_empty()) {
                return Ready<std::optional<NonVoid<T>>>(std::nullopt);
            }
            std::optional<Member> member = finished_->poll_pop(cx);
            if (!member) {
                return Pending;
            }
            return Ready<std::optional<NonVoid<T>>>(take_result(*member));
        });
    }

    /// The next result if a member has ended, else nullopt. Throws as `join_next` does.
    std::optional<NonVoid<T>> try_join_next() {
        std::optional<Member> member = is_empty() ? std::nullopt : finished_->pop();
        if (!member) {
            return std::nullopt;
        }
        return std::optional<NonVoid<T>>(std::in_place, take_result(*member));
    }

  private:
    void insert(JoinHandle<T> handle);
    NonVoid<T> take_result(Member member);

    Members members_;                     // whose result was not taken
    std::shared_ptr<Finished> finished_;  // made for the first member
};

/// The members that have ended. The set and the wakers share it.
template <class T>
class JoinSet<T>::Finished {
  public:
    /// Called by wakers, once for each member.
    void push(Member member) noexcept {
        {
            Lock lock(mutex_);
            queue_.push_back(member);
        }
        waiter.wake();
    }

    /// Takes out the member that ended first.
    std::optional<Member> pop() noexcept {
        Lock lock(mutex_);
        if (queue_.empty()) {
            return std::nullopt;
        }
        Member first = queue_.front();
        queue_.pop_front();
        return first;
    }

    /// Does the same. If there is none, the next one that ends wakes the caller.
    std::optional<Member> poll_pop(Context& cx) noexcept {
        std::optional<Member> member = pop();
        if (!member) {
            waiter.register_waker(cx.waker());
            member = pop();  // the second look: one may have ended before it could see the waker
        }
        return member;
    }

    WakerSlot waiter;

  private:
    Mutex mutex_;
    std::deque<Member> queue_;
};

/// What the waker of a member wakes.
template <class T>
class JoinSet<T>::Notice : public Wake<Notice>, public Recycled {
  public:
    Notice(std::shared_ptr<Finished> finished, Member member) noexcept
        : finished_(std::move(finished)), member_(member) {}

    /// Lists the member. The second of two wakes does nothing.
    void wake() noexcept {
        if (!is_listed_.exchange(true, relaxed)) {
            finished_->push(member_);
        }
    }

  private:
    Atomic<bool> is_listed_{false};  // first, where it fills the gap behind the count of wakers
    std::shared_ptr<Finished> finished_;
    Member member_;
};

template <class T>
void JoinSet<T>::insert(JoinHandle<T> handle) {
    if (!finished_) {
        finished_ = std::make_shared<Finished>();
    }
    members_.push_back(std::move(handle));
    const Member member = std::prev(members_.end());
    const Waker waker = (new Notice(finished_, member))->first_waker();
    member->register_waker(waker);
    if (member->is_finished()) {
        waker.wake_by_ref();  // it may have ended before it could see the waker
    }
}

template <class T>
NonVoid<T> JoinSet<T>::take_result(Member member) {
    JoinHandle<T> handle = std::move(*member);
    members_.erase(member);
    if constexpr (std::is_void_v<T>) {
        handle.take_result();
        return {};
    } else {
        return handle.take_result();
    }
}

}  // namespace rt
