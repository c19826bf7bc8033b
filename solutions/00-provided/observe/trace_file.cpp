/// \file
/// How events become Chrome trace events.
///
/// What becomes what:
///   a poll                a slice (B, E) on its thread, with the task's name or its spawning line
///   a sleep               a slice (X) "asleep", written when it ends
///   a wake, an unpark     a slice (X) of no length, and an arrow (s, f) to the poll or the end of sleep that follows
///   a part's yield        a mark (i), and an arrow to its next poll
///   timers, I/O, spawns   a mark
///
/// The end of a poll has the same name as its begin, even if the task was renamed in between. Otherwise Perfetto would
/// look for another begin, and the poll would not end.
///
/// Format: "Trace Event Format", of Chrome's catapult project.
#include <observe/sys_observe.hpp>
#include <observe/trace_file.hpp>

#include <observe/trace_output.hpp>
#include <rt/sync.hpp>
#include <rt/sys.hpp>
#include <rt/trace.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

namespace rt::trace {

namespace {

/// What the trace knows of the calling thread. Each thread has its own.
struct TracedThread {
    static constexpr int deepest = 16;

    int number = 0;
    const void* park = nullptr;  // the Park in which it sleeps
    int depth = 0;
    const void* polls[deepest] = {};

    const void* polled() const noexcept { return depth == 0 || depth > deepest ? nullptr : polls[depth - 1]; }
};
constinit thread_local TracedThread traced_thread;

/// What the trace knows of a task, or of a part.
struct TracedTask {
    unsigned id = 0;
    std::string name;
    std::string polled_as;  // its name when its poll began
    unsigned arrow = 0;     // the one that points at its next poll; 0: none
    bool is_part = false;
};

/// The one trace of the program. Made by `trace_to_file`, and never destroyed, because threads may outlive main.
class TraceFile {
  public:
    /// Takes over `fd`, which is empty and open for writing.
    explicit TraceFile(int fd) : json_(fd), began_(sys::now()) {
        json_.append(R"([{"ph":"M","pid":1,"tid":0,"name":"process_name","args":{"name":"poll by poll"}})");
    }

    /// Writes one event. Called on the thread where it happens.
    void record(const Event& event) {
        TracedThread& thread = traced_thread;
        Lock lock(mutex_);
        double const now = microseconds();
        if (thread.number == 0) {
            thread.number = ++threads_;
            bool const is_main = sys::thread_id() == sys::process_id();
            name_thread(thread, is_main ? "main" : fmt::format("thread {}", thread.number));
        }
        wake_up(thread, now);
        switch (event.kind) {
            case Kind::spawn: spawn(thread, event, now); break;
            case Kind::poll_begin:
            case Kind::part_begin: begin_poll(thread, event, now); break;
            case Kind::poll_end:
            case Kind::part_end: end_poll(thread, event, now); break;
            case Kind::wake: wake(thread, event, now); break;
            case Kind::park:
                thread.park = event.subject;
                sleepers_[event.subject] = {thread.number, now};
                mark(thread, now, "park", "park", "{}");
                break;
            case Kind::unpark:
                if (sleepers_.contains(event.subject)) {
                    end_sleep(event.subject, now, arrow_from(thread, now, "unpark", "{}"));
                }
                break;
            case Kind::name: rename(thread, event.text); break;
            case Kind::thread:
                name_thread(thread,
                            event.value == 0 ? std::string(event.text) : fmt::format("{} {}", event.text, event.value));
                break;
            case Kind::timer_set: mark(thread, now, "timer", "timer set", "{}"); break;
            case Kind::timer_fire: mark(thread, now, "timer", "timer fires", "{}"); break;
            case Kind::io_register:
                mark(thread, now, "io", "register", fmt::format(R"({{"descriptor":{}}})", event.value));
                break;
            case Kind::io_ready:
                mark(thread, now, "io", "ready",
                     fmt::format(R"({{"to_read":{},"to_write":{},"ended":{}}})", event.value & 1,
                                 (event.value >> 1) & 1, (event.value & 12) != 0 ? 1 : 0));
                break;
            case Kind::steal: mark(thread, now, "task", "steal", fmt::format(R"({{"tasks":{}}})", event.value)); break;
            case Kind::yield: yield(thread, now); break;
            case Kind::drop:
                mark(thread, now, "task", "drop", of(event.subject));
                tasks_.erase(event.subject);
                break;
            case Kind::abort: mark(thread, now, "task", "abort", of(event.subject)); break;
            case Kind::blocking_run:
            case Kind::queue:
            case Kind::waker_clone:
            case Kind::waker_drop:
            case Kind::clock: break;
        }
    }

  private:
    using Thread = TracedThread;
    struct Sleeper {
        int thread = 0;
        double since = 0;
    };

    double microseconds() const { return std::chrono::duration<double, std::micro>(sys::now() - began_).count(); }

    static std::string escaped(std::string_view text) {
        std::string out;
        for (char const c : text) {
            if (c == '"' || c == '\\') {
                out += '\\';
            }
            out += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
        }
        return out;
    }

    /// `{"task":3}`, or `{}` if the trace doesn't know the task.
    std::string of(const void* subject) const {
        auto const task = tasks_.find(subject);
        return task == tasks_.end() ? "{}" : fmt::format(R"({{"task":{}}})", task->second.id);
    }

    void put(const Thread& thread, double when, const char* phase, std::string_view category, std::string_view name,
             std::string_view more) {
        last_begin_ = -1;
        std::string const named = name.empty() ? "" : fmt::format(R"(,"name":"{}")", escaped(name));
        json_.append(fmt::format(R"(,
{{"ph":"{}","pid":1,"tid":{},"ts":{:.3f},"cat":"{}"{}{}}})",
                                 phase, thread.number, when, category, named, more));
    }

    void mark(const Thread& thread, double now, const char* category, const char* name, const std::string& args) {
        put(thread, now, "i", category, name, fmt::format(R"(,"s":"t","args":{})", args));
    }

    void name_thread(Thread& thread, const std::string& name) {
        last_begin_ = -1;
        json_.append(fmt::format(R"(,
{{"ph":"M","pid":1,"tid":{},"name":"thread_name","args":{{"name":"{}"}}}})",
                                 thread.number, escaped(name)));
    }

    /// Writes a slice without length, and an arrow that begins there. Returns its number, which `arrow_to` needs.
    unsigned arrow_from(const Thread& thread, double now, const char* name, const std::string& args) {
        put(thread, now, "X", "wake", name, fmt::format(R"(,"dur":0.1,"args":{})", args));
        return arrow_from_here(thread, now);
    }
    /// Writes an arrow that begins at the event that was written last. Returns its number.
    unsigned arrow_from_here(const Thread& thread, double now) {
        ++arrows_;
        put(thread, now, "s", "wake", "wake", fmt::format(R"(,"id":{})", arrows_));
        return arrows_;
    }
    void arrow_to(const Thread& thread, double when, unsigned arrow) {
        put(thread, when, "f", "wake", "wake", fmt::format(R"(,"bp":"e","id":{})", arrow));
    }

    /// Ends the sleep of `thread` if it slept, because a thread that announces an event is awake.
    void wake_up(Thread& thread, double now) {
        if (const void* const park = std::exchange(thread.park, nullptr); park != nullptr) {
            if (auto const sleeper = sleepers_.find(park);
                sleeper != sleepers_.end() && sleeper->second.thread == thread.number) {
                end_sleep(park, now, 0);
            }
        }
    }

    void end_sleep(const void* park, double now, unsigned arrow) {
        Sleeper const sleeper = sleepers_[park];
        sleepers_.erase(park);
        Thread thread;
        thread.number = sleeper.thread;
        put(thread, sleeper.since, "X", "park", "asleep", fmt::format(R"(,"dur":{:.3f})", now - sleeper.since));
        if (arrow != 0) {
            arrow_to(thread, now - 0.1, arrow);
        }
    }

    static std::string place(const char* file, std::int64_t line) {
        std::string_view const path(file);
        std::size_t const slash = path.rfind('/');
        return fmt::format("{}:{}", slash == path.npos ? path : path.substr(slash + 1), line);
    }

    void spawn(const Thread& thread, const Event& event, double now) {
        unsigned const id = ++last_id_;
        std::string const name = event.value == 0 ? fmt::format("task {}", id)
                                                  : fmt::format("task {} ({})", id, place(event.text, event.value));
        tasks_[event.subject] = {id, name, "", 0, false};
        mark(thread, now, "task", "spawn", fmt::format(R"({{"task":{},"name":"{}"}})", id, escaped(name)));
    }

    void begin_poll(Thread& thread, const Event& event, double now) {
        bool const is_part = event.kind == Kind::part_begin;
        auto [place, is_new] = tasks_.try_emplace(event.subject);
        TracedTask& task = place->second;
        if (is_new) {
            task.id = ++last_id_;
            task.name = is_part ? std::string(event.text) : fmt::format("task {}", task.id);
            task.is_part = is_part;
        }
        if (thread.depth++ < Thread::deepest) {
            thread.polls[thread.depth - 1] = event.subject;
        }
        task.polled_as = task.name;
        std::int64_t const begin = json_.size();
        put(thread, now, "B", is_part ? "part" : "poll", task.name, fmt::format(R"(,"args":{{"task":{}}})", task.id));
        if (unsigned const arrow = std::exchange(task.arrow, 0); arrow != 0) {
            arrow_to(thread, now, arrow);
        } else {
            last_begin_ = begin;
            last_begun_at_ = now;
            last_begun_by_ = thread.number;
        }
    }

    void end_poll(Thread& thread, const Event& event, double now) {
        const char* const result = event.value > 0 ? "Ready" : event.value == 0 ? "Pending" : "exception";
        thread.depth -= thread.depth > 0 ? 1 : 0;
        auto const task = tasks_.find(event.subject);
        unsigned const id = task == tasks_.end() ? 0 : task->second.id;
        put(thread, now, "E", event.kind == Kind::part_end ? "part" : "poll",
            task == tasks_.end() ? "" : task->second.polled_as,
            fmt::format(R"(,"args":{{"task":{},"result":"{}"}})", id, result));
        if (event.value != 0) {
            tasks_.erase(event.subject);
        }
    }

    void wake(const Thread& thread, const Event& event, double now) {
        auto const woken = tasks_.find(event.subject);
        if (woken == tasks_.end()) {
            return;
        }
        auto const by = tasks_.find(thread.polled());
        std::string const args = fmt::format(R"({{"task":{},"by":{},"queued":{}}})", woken->second.id,
                                             by == tasks_.end() ? 0 : by->second.id, event.value);
        std::string const name = "wake " + woken->second.name;
        if (woken->second.arrow != 0) {
            put(thread, now, "X", "wake", name, fmt::format(R"(,"dur":0.1,"args":{})", args));
        } else {
            woken->second.arrow = arrow_from(thread, now, name.c_str(), args);
        }
    }

    /// A task's yield needs no arrow, because the wake after it writes one. A part has no waker, so its arrow begins
    /// here.
    void yield(const Thread& thread, double now) {
        mark(thread, now, "wake", "yield", of(thread.polled()));
        auto const who = tasks_.find(thread.polled());
        if (who != tasks_.end() && who->second.is_part && who->second.arrow == 0) {
            who->second.arrow = arrow_from_here(thread, now);
        }
    }

    /// Names the task or part that `thread` polls. If the begin of its poll was written last, writes it again with
    /// `text`.
    void rename(const Thread& thread, const char* text) {
        auto const task = tasks_.find(thread.polled());
        if (task == tasks_.end() || task->second.name == text) {
            return;
        }
        task->second.name = text;
        if (last_begin_ >= 0 && last_begun_by_ == thread.number) {
            task->second.polled_as = text;
            json_.take_back(last_begin_);
            double const when = last_begun_at_;
            put(thread, when, "B", task->second.is_part ? "part" : "poll", task->second.name,
                fmt::format(R"(,"args":{{"task":{}}})", task->second.id));
        }
    }

    TraceOutput json_;
    std::chrono::steady_clock::time_point began_;
    Mutex mutex_;
    std::int64_t last_begin_ = -1;  // where the last event begins, if that is the begin of a poll
    double last_begun_at_ = 0;
    int last_begun_by_ = 0;  // the number of its thread
    int threads_ = 0;
    unsigned last_id_ = 0;
    unsigned arrows_ = 0;
    std::unordered_map<const void*, TracedTask> tasks_;
    std::unordered_map<const void*, Sleeper> sleepers_;  // by the Park in which they sleep
};

Atomic<TraceFile*> trace_file{nullptr};

void hear_for_file(const Event& event) noexcept {
    if (TraceFile* file = trace_file.load(acquire)) {
        file->record(event);
    }
}

}  // namespace

void trace_to_file(const char* path) {
    int const fd = sys::create(path);
    if (fd < 0) {
        std::fprintf(stderr, "rt: no trace is written: %s: %s\n", path,
                     sys::error(fd, "open").code().message().c_str());
        return;
    }
    trace_file.store(new TraceFile(fd), release);
    listen(&hear_for_file);
}

}  // namespace rt::trace
