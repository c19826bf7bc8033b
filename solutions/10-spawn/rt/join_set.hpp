/// \file
/// `JoinSet<T>`: tasks that belong together. Spawn as many as you like, take their results as they come; drop the set, and
/// those that still run are aborted.
///
/// Each member's JoinHandle is polled with a waker of its own, so that the set learns *which* one has finished: the wake
/// puts that member into a list of those that have finished, and wakes whoever waits in `join_next`. Nothing is ever
/// searched.
///
/// The members are shared with those wakers, hence counted. The list of the finished belongs to all threads, under a lock;
/// the rest belongs to the set's owner.
///
/// Source of the idea: `tokio::task::JoinSet`.
#pragma once

#include <rt/future.hpp>
#include <rt/recycled.hpp>
#include <rt/scheduler.hpp>
#include <rt/sync.hpp>
#include <rt/task.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <utility>

namespace rt {

template <class T = void>
class JoinSet {
    class Member;
    class Shared;

  public:
    JoinSet() : shared_(std::make_shared<Shared>()) {}
    JoinSet(JoinSet&& other) noexcept
        : shared_(std::move(other.shared_)),
          members_(std::exchange(other.members_, nullptr)),
          size_(std::exchange(other.size_, 0)) {}
    JoinSet& operator=(JoinSet other) noexcept {
        std::swap(shared_, other.shared_);
        std::swap(members_, other.members_);
        std::swap(size_, other.size_);
        return *this;
    }
    /// Aborts what still runs. Results and exceptions that were not taken are gone.
    ~JoinSet();

    /// Spawns `future` on the current runtime, as a member of this set.
    template <Future F>
    void spawn(F future, std::source_location where = std::source_location::current()) {
        insert(rt::spawn(std::move(future), where));
    }
    /// Spawns `f()`, or `f(args...)`; see `rt::spawn`.
    template <class F>
        requires(!Future<F>)
    void spawn(F f, std::source_location where = std::source_location::current()) {
        insert(rt::spawn(std::move(f), where));
    }
    template <class F, class... Args>
        requires(!Future<F> && sizeof...(Args) > 0)
    void spawn(F f, Args... args) {
        insert(rt::spawn(std::move(f), std::move(args)...));
    }

    /// How many results have not been taken.
    std::size_t size() const noexcept { return size_; }
    bool is_empty() const noexcept { return size_ == 0; }

    /// Asks all members to end; `join_next` then throws `Cancelled` for each that did not finish before.
    void abort_all() noexcept;

    /// See `join_next`.
    class [[nodiscard]] JoinNext {
      public:
        using Output = std::optional<NonVoid<T>>;

        explicit JoinNext(JoinSet& set) noexcept : set_(&set) {}
        Poll<Output> poll(Context& cx) {
            contract_.begin("join_next");
            if (set_->is_empty()) {
                return Ready<Output>(std::nullopt);
            }
            Member* member = set_->shared_->next_finished(cx);
            if (member == nullptr) {
                return contract_.pending();
            }
            return Ready<Output>(set_->take_result(*member));
        }

      private:
        [[no_unique_address]] Contract contract_;
        JoinSet* set_;
    };

    /// A future of the next result, in the order in which the members finish; of nothing, when no member is left. Throws
    /// what the member threw, or `Cancelled`. May be dropped and made anew: no result is lost.
    JoinNext join_next() noexcept { return JoinNext(*this); }

    /// The next result if a member has finished, else nothing, without waiting. Throws as `join_next` does.
    std::optional<NonVoid<T>> try_join_next() {
        Member* member = shared_->next_finished();
        if (member == nullptr) {
            return std::nullopt;
        }
        return std::optional<NonVoid<T>>(std::in_place, take_result(*member));
    }

  private:
    void insert(JoinHandle<T> handle);
    NonVoid<T> take_result(Member& member);

    std::shared_ptr<Shared> shared_;
    Member* members_ = nullptr;  // all whose result was not taken
    std::size_t size_ = 0;
};

/// What the wakers of the members reach: it outlives the set as long as one of them is left.
template <class T>
class JoinSet<T>::Shared {
  public:
    /// Called by a member's waker, on any thread.
    void push_finished(Member& member) noexcept {
        Waker waker;
        {
            Lock lock(mutex_);
            if (closed_ || member.is_listed) {
                return;
            }
            member.is_listed = true;
            member.next_finished = nullptr;
            (last_ == nullptr ? first_ : last_->next_finished) = &member;
            last_ = &member;
            waker = std::move(waker_);
        }
        if (waker) {
            std::move(waker).wake();
        }
    }

    /// The member that finished first, taken out of the list.
    Member* next_finished() noexcept {
        Lock lock(mutex_);
        return pop();
    }

    /// As above; if there is none, keeps the waker.
    Member* next_finished(Context& cx) noexcept {
        Waker old;  // dropped outside of the lock
        Lock lock(mutex_);
        Member* member = pop();
        if (member == nullptr && !waker_.will_wake(cx.waker())) {
            old = std::exchange(waker_, cx.waker());
        }
        return member;
    }

    /// Called by the set's destructor: from now on nobody may be listed.
    void close() noexcept {
        Waker old;
        Lock lock(mutex_);
        closed_ = true;
        old = std::move(waker_);
    }

  private:
    Member* pop() noexcept {
        Member* member = first_;
        if (member != nullptr) {
            first_ = member->next_finished;
            if (first_ == nullptr) {
                last_ = nullptr;
            }
        }
        return member;
    }

    Mutex mutex_;
    Member* first_ = nullptr;
    Member* last_ = nullptr;
    Waker waker_;
    bool closed_ = false;
};

template <class T>
class JoinSet<T>::Member : public Recycled {
  public:
    Member(JoinHandle<T> h, std::shared_ptr<Shared> shared) noexcept
        : handle(std::move(h)), shared_(std::move(shared)) {}

    /// A waker that puts this member into the list of those that have finished.
    Waker waker() noexcept {
        retain();
        return Waker(this, &vtable);
    }
    void release() noexcept {
        if (references_.fetch_sub(1, acq_rel) == 1) {
            delete this;
        }
    }

    JoinHandle<T> handle;
    Member* next = nullptr;  // in `members_`
    Member* previous = nullptr;
    Member* next_finished = nullptr;  // these two under the lock of Shared
    bool is_listed = false;

  private:
    ~Member() = default;
    void retain() noexcept { references_.fetch_add(1, relaxed); }

    static Member& from(void* data) noexcept { return *static_cast<Member*>(data); }
    static const WakerVTable vtable;

    std::shared_ptr<Shared> shared_;
    Atomic<int> references_{1};
};

template <class T>
inline constexpr WakerVTable JoinSet<T>::Member::vtable{
    [](void* data) noexcept { from(data).retain(); },
    [](void* data) noexcept {
        from(data).shared_->push_finished(from(data));
        from(data).release();
    },
    [](void* data) noexcept { from(data).shared_->push_finished(from(data)); },
    [](void* data) noexcept { from(data).release(); },
};

template <class T>
void JoinSet<T>::insert(JoinHandle<T> handle) {
    auto* member = new Member(std::move(handle), shared_);
    member->next = members_;
    if (members_ != nullptr) {
        members_->previous = member;
    }
    members_ = member;
    ++size_;
    Waker waker = member->waker();
    member->handle.register_waker(waker);
    if (member->handle.is_finished()) {
        shared_->push_finished(*member);  // it may have ended before it could see the waker
    }
}

template <class T>
NonVoid<T> JoinSet<T>::take_result(Member& member) {
    (member.previous == nullptr ? members_ : member.previous->next) = member.next;
    if (member.next != nullptr) {
        member.next->previous = member.previous;
    }
    --size_;
    JoinHandle<T> handle = std::move(member.handle);
    member.release();
    if constexpr (std::is_void_v<T>) {
        handle.take_result();
        return {};
    } else {
        return handle.take_result();
    }
}

template <class T>
void JoinSet<T>::abort_all() noexcept {
    for (Member* member = members_; member != nullptr; member = member->next) {
        member->handle.abort();
    }
}

template <class T>
JoinSet<T>::~JoinSet() {
    if (shared_ == nullptr) {
        return;  // moved from
    }
    shared_->close();
    abort_all();
    while (members_ != nullptr) {
        Member* member = std::exchange(members_, members_->next);
        member->handle.detach();
        member->release();
    }
}

}  // namespace rt
