/// \file
/// Given: the groups of the chat, and what a client says, taken apart. The server uses both.
#pragma once

#include "chat.hpp"

#include <rt/async.hpp>
#include <rt/broadcast.hpp>
#include <rt/buf_reader.hpp>
#include <rt/print.hpp>
#include <rt/tcp.hpp>

#include <cerrno>
#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <fmt/format.h>

constexpr std::size_t longest_line = 4096;
constexpr std::size_t kept_messages = 64;  // of each group, for clients that are slow
constexpr std::size_t outbox_size = 16;    // lines to one client that are not written yet
// Of one client. So for a client that never reads, the server keeps at most 16 times 64 lines.
constexpr std::size_t most_groups = 16;

/// All groups, by name. A post is a broadcast. All tasks run on one thread, so no lock is needed.
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

/// A line of a client, taken apart.
class Request {
  public:
    enum class Kind { join, post, unknown };

    explicit Request(std::string_view line) {
        std::size_t verb = line.find(' ');
        std::size_t name = verb == line.npos ? line.npos : line.find(' ', verb + 1);
        group = verb == line.npos ? "" : line.substr(verb + 1, name - verb - 1);
        if (line.starts_with("join ") && is_name(group) && name == line.npos) {
            kind = Kind::join;
        } else if (line.starts_with("post ") && is_name(group) && name != line.npos) {
            kind = Kind::post;
            text = rt::visible(line.substr(name + 1));
        }
    }

    Kind kind = Kind::unknown;
    std::string group;
    std::string text;
};

/// What a client is told whose line has no meaning.
inline std::string usage() {
    return fmt::format("error say 'join GROUP' or 'post GROUP TEXT', in {} bytes at most\n", longest_line);
}

/// The next request of a client, or nothing at the end of its stream. A line that is too long is an unknown request.
inline rt::Async<std::optional<Request>> next_request(rt::BufReader<rt::ReadHalf>* client) {
    try {
        auto line = co_await client->read_line();
        if (!line) {
            co_return std::nullopt;
        }
        co_return Request(*line);
    } catch (const std::system_error& error) {
        if (error.code().value() != EMSGSIZE) {
            throw;
        }
    }
    co_return Request("");
}
