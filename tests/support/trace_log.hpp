/// \file
/// `TraceLog`: the events of the runtime (rt/trace.hpp) as lines of text, which a test expects word for word.
///
///     TraceLog log;
///     log.call(&park, "the park");
///     …
///     CHECK(log.text() == "park the park\nunpark the park\n");
#pragma once

#include <rt/sync.hpp>
#include <rt/trace.hpp>

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace support {

/// Records events while it exists. There is at most one TraceLog at a time.
///
/// Thread safety: events may come from any thread, also while it is destroyed. Read the text after the threads have
/// been joined.
class TraceLog {
  public:
    using Kind = rt::trace::Kind;

    /// Keeps the lines of all kinds up to `blocking_run`, or only of the kinds that are named.
    TraceLog(std::initializer_list<Kind> only = {}) : only_(only) {
        {
            rt::Lock lock(mutex_);
            current_ = this;
        }
        rt::trace::listen(&hear);
    }
    TraceLog(const TraceLog&) = delete;
    TraceLog& operator=(const TraceLog&) = delete;
    ~TraceLog() {
        rt::trace::stop_listening(&hear);
        rt::Lock lock(mutex_);
        current_ = nullptr;
    }

    /// Names a subject. A subject without a name is `#1`, `#2` … in the order in which they appear.
    void call(const void* subject, std::string name) {
        rt::Lock lock(mutex_);
        for (Named& named : names_) {
            if (named.subject == subject) {
                named.name = std::move(name);
                return;
            }
        }
        names_.push_back({subject, std::move(name)});
    }

    /// All events so far, one per line.
    std::string text() const {
        rt::Lock lock(mutex_);
        std::string text;
        for (const std::string& line : lines_) {
            text += line + '\n';
        }
        return text;
    }

    /// How many events of this kind there were.
    int count(Kind kind) const {
        rt::Lock lock(mutex_);
        return counts_[static_cast<std::size_t>(kind)];
    }

    /// Waits until `times` events of this kind have come. Called to know that a thread is about to sleep.
    void wait_for(Kind kind, int times) const {
        rt::Lock lock(mutex_);
        changed_.wait(lock, [&] { return counts_[static_cast<std::size_t>(kind)] >= times; });
    }

    /// Forgets the events so far, and keeps the names.
    void clear() {
        rt::Lock lock(mutex_);
        lines_.clear();
        for (int& count : counts_) {
            count = 0;
        }
    }

  private:
    struct Named {
        const void* subject;
        std::string name;
    };

    static void hear(const rt::trace::Event& event) noexcept {
        rt::Lock lock(mutex_);
        if (current_ != nullptr) {
            current_->record(event);
        }
    }

    void record(const rt::trace::Event& event) {
        ++counts_[static_cast<std::size_t>(event.kind)];
        changed_.notify_all();
        bool wanted = only_.empty() && event.kind < Kind::queue;
        for (Kind kind : only_) {
            wanted = wanted || kind == event.kind;
        }
        if (wanted) {
            lines_.push_back(line(event));
        }
    }

    static const char* how_it_ended(std::int64_t value) noexcept {
        return value > 0 ? "Ready" : value == 0 ? "Pending" : "exception";
    }

    std::string line(const rt::trace::Event& event) {
        std::string const who = name_of(event.subject);
        std::int64_t const value = event.value;
        switch (event.kind) {
            case Kind::spawn: return fmt::format("spawn {}", who);
            case Kind::poll_begin: return fmt::format("poll {}", who);
            case Kind::poll_end: return fmt::format("polled {}: {}", who, how_it_ended(value));
            case Kind::wake: return fmt::format("wake {}: {}", who, value != 0 ? "queued" : "already queued");
            case Kind::abort: return fmt::format("abort {}", who);
            case Kind::drop: return fmt::format("drop {}", who);
            case Kind::park:
                return fmt::format("park {}{}", who, (value & rt::trace::has_deadline) != 0 ? " with a deadline" : "");
            case Kind::unpark: return fmt::format("unpark {}", who);
            case Kind::timer_set: return fmt::format("timer set {}", who);
            case Kind::timer_fire: return fmt::format("timer fires {}", who);
            case Kind::io_register: return fmt::format("register {}", who);
            case Kind::io_ready: return fmt::format("ready {}", who);
            case Kind::steal: return fmt::format("steal {}", value);
            case Kind::blocking_run: return fmt::format("blocking run {}", who);
            case Kind::queue: return fmt::format("queue {}", who);
            case Kind::waker_clone: return fmt::format("clone the waker of {}", who);
            case Kind::waker_drop: return fmt::format("drop a waker of {}", who);
            case Kind::part_begin: return fmt::format("poll of {} {}", event.text, who);
            case Kind::part_end: return fmt::format("polled of {}: {}", who, how_it_ended(value));
            case Kind::yield: return fmt::format("yield {}", who);
            case Kind::name: return fmt::format("name {}", event.text);
            case Kind::thread: return fmt::format("thread {} {}", event.text, value);
            case Kind::clock: return fmt::format("clock {} {}", who, value > 0 ? "paused" : "gone");
        }
        return "";
    }

    std::string name_of(const void* subject) {
        for (const Named& named : names_) {
            if (named.subject == subject) {
                return named.name;
            }
        }
        names_.push_back({subject, fmt::format("#{}", ++unnamed_)});
        return names_.back().name;
    }

    // Not a member: another thread may still be in `hear` when the log that it would write to is gone.
    inline static rt::Mutex mutex_;
    inline static TraceLog* current_ = nullptr;

    std::vector<Kind> const only_;
    mutable rt::Condvar changed_;
    std::vector<std::string> lines_;
    std::vector<Named> names_;
    int unnamed_ = 0;
    int counts_[256] = {};
};

}  // namespace support
