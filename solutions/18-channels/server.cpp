#include "chat.hpp"

#include <rt/async.hpp>
#include <rt/broadcast.hpp>
#include <rt/buf_reader.hpp>
#include <rt/future.hpp>
#include <rt/join_set.hpp>
#include <rt/mpsc.hpp>
#include <rt/next_client.hpp>
#include <rt/notify.hpp>
#include <rt/print.hpp>
#include <rt/select.hpp>
#include <rt/tcp.hpp>

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <exception>
#include <map>
#include <memory>
#include <new>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <variant>

#include <fmt/format.h>

namespace {

constexpr std::size_t longest_line = 4096;
constexpr std::size_t kept_messages = 64;  // of each group, for clients that are slow
constexpr std::size_t outbox_size = 16;    // lines to one client that are not written yet
// Of one client. So for a client that never reads, the server keeps at most 16 times 64 lines.
constexpr std::size_t most_groups = 16;

// Given: all groups, by name. A post is a broadcast. All tasks run on one thread, so no lock is needed.
class Groups {
  public:
    Groups() = default;

    rt::broadcast::Receiver<std::string> join(const std::string& name) {
        if (auto group = groups_.find(name); group != groups_.end()) {
            return group->second.subscribe();
        }
        auto [sender, receiver] = rt::broadcast::channel<std::string>(kept_messages);
        groups_.emplace(name, std::move(sender));
        return std::move(receiver);
    }

    /// False if there is no such group.
    bool post(const std::string& name, std::string text) {
        auto group = groups_.find(name);
        return group != groups_.end() && group->second.send(std::move(text)) > 0;
    }

    /// Forgets those of `names` that nobody is in any more.
    void forget_empty_ones(const std::set<std::string>& names) {
        for (const std::string& name : names) {
            if (auto group = groups_.find(name); group != groups_.end() && group->second.receiver_count() == 0) {
                groups_.erase(group);
            }
        }
    }

  private:
    std::map<std::string, rt::broadcast::Sender<std::string>> groups_;
};

using Outbox = rt::mpsc::Sender<std::string>;

/// Brings a group's messages to one client's outbox. While the outbox is full, only this task waits. The group goes
/// on and counts what this client misses. The caller makes `left`, because a Notified that is made in here would miss
/// a notification that comes before the first poll.
rt::Async<> follow(std::string group, rt::broadcast::Receiver<std::string> messages, Outbox outbox, rt::Notified left) {
    try {
        for (bool is_in = true; is_in;) {
            std::string line;
            try {
                auto next = co_await rt::select(rt::biased, messages.recv(), rt::by_ref(left));
                auto* message = std::get_if<0>(&next);
                is_in = message != nullptr && message->has_value();
                line = is_in ? fmt::format("message {} {}\n", group, **message) : "";
            } catch (const rt::Lagged& lagged) {
                line = fmt::format("lagged {} {}\n", group, lagged.missed());
            }
            if (is_in) {
                co_await outbox.send(std::move(line));
            }
        }
    } catch (const rt::SendError&) {
        // The client is gone.
    }
}

/// Writes the lines in the outbox, until the last sender is dropped.
rt::Async<> write_lines(rt::mpsc::Receiver<std::string> lines, rt::WriteHalf client) {
    try {
        while (auto line = co_await lines.recv()) {
            co_await client.write_all(*line);
        }
    } catch (const std::system_error&) {
        // The client is gone. The rest is dropped with `lines`.
    }
}

// Given: the next line. A line that was too long is returned as an empty one.
rt::Async<std::optional<std::string>> next_line(rt::BufReader<rt::ReadHalf>* client) {
    try {
        co_return co_await client->read_line();
    } catch (const std::system_error& error) {
        if (error.code().value() != EMSGSIZE) {
            throw;
        }
        co_return "";
    }
}

/// One client, from its first line to its last.
rt::Async<> attend(rt::TcpStream stream, std::shared_ptr<Groups> groups) {
    rt::Notify leaving;
    rt::JoinSet<> tasks;
    std::set<std::string> joined;
    try {
        auto [read_half, write_half] = rt::split(std::move(stream));
        auto [sender, lines] = rt::mpsc::channel<std::string>(outbox_size);
        tasks.spawn(write_lines(std::move(lines), std::move(write_half)));
        Outbox outbox = std::move(sender);
        rt::BufReader client(std::move(read_half), longest_line);
        while (auto line = co_await next_line(&client)) {
            std::size_t verb = line->find(' ');
            std::size_t name = verb == line->npos ? line->npos : line->find(' ', verb + 1);
            std::string group = verb == line->npos ? "" : line->substr(verb + 1, name - verb - 1);
            std::string reply;
            if (line->starts_with("join ") && is_name(group) && name == line->npos) {
                if (joined.size() == most_groups && !joined.contains(group)) {
                    reply = fmt::format("error nobody may be in more than {} groups\n", most_groups);
                } else {
                    if (joined.insert(group).second) {
                        tasks.spawn(follow(group, groups->join(group), outbox, leaving.notified()));
                    }
                    reply = fmt::format("joined {}\n", group);
                }
            } else if (!line->starts_with("post ") || !is_name(group) || name == line->npos) {
                reply = fmt::format("error say 'join GROUP' or 'post GROUP TEXT', in {} bytes at most\n", longest_line);
            } else if (!groups->post(group, rt::visible(line->substr(name + 1)))) {
                reply = fmt::format("error nobody is in the group {}\n", group);
            }
            if (!reply.empty()) {
                co_await outbox.send(std::move(reply));
            }
        }
    } catch (const std::exception&) {
        // The connection was reset, or the outbox is closed. The task that writes finds out as well.
    }
    leaving.notify_waiters();
    for (bool more = true; more;) {
        more = (co_await tasks.join_next()).has_value();
    }
    groups->forget_empty_ones(joined);
}

}  // namespace

rt::Async<> serve(std::string addr) {
    rt::TcpListener listener = co_await rt::TcpListener::bind(std::move(addr));
    fmt::print("listening on {}\n", listener.local_addr());
    std::fflush(stdout);
    auto groups = std::make_shared<Groups>();
    for (;;) {
        try {
            rt::TcpStream client = co_await rt::next_client(&listener);
            rt::spawn(attend(std::move(client), groups)).detach();
        } catch (const std::bad_alloc&) {
            rt::eprintln_once("there is no memory for another client");
        }
    }
}
