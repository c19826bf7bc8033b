#include "chat.hpp"
#include "groups.hpp"

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
#include <rt/spawn.hpp>
#include <rt/tcp.hpp>

#include <cstdio>
#include <exception>
#include <memory>
#include <new>
#include <set>
#include <string>
#include <system_error>
#include <utility>
#include <variant>

#include <fmt/format.h>

namespace {

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
        while (auto request = co_await next_request(&client)) {
            const std::string& group = request->group;
            std::string reply;
            if (request->kind == Request::Kind::unknown) {
                reply = usage();
            } else if (request->kind == Request::Kind::post) {
                bool is_heard = groups->post(group, std::move(request->text));
                reply = is_heard ? "" : fmt::format("error nobody is in the group {}\n", group);
            } else if (joined.size() == most_groups && !joined.contains(group)) {
                reply = fmt::format("error nobody may be in more than {} groups\n", most_groups);
            } else {
                if (joined.insert(group).second) {
                    tasks.spawn(follow(group, groups->join(group), outbox, leaving.notified()));
                }
                reply = fmt::format("joined {}\n", group);
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
