/// \file
/// `LateBytes`: clients whose bytes arrive in time, while no thread of the runtime runs. Their deadlines pass after that. All of
/// them must be served, because their bytes came first. Needs lesson 14.
#pragma once

#include <rt/future.hpp>
#include <rt/io_source.hpp>
#include <rt/park.hpp>
#include <rt/sleep.hpp>
#include <rt/sync.hpp>
#include <rt/sys.hpp>
#include <rt/sys_process.hpp>
#include <support/story.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>

namespace support {

class LateBytes {
  public:
    explicit LateBytes(int count) {
        rt::sys::raise_descriptor_limit();
        for (int i = 0; i < count; ++i) {
            clients_.emplace_back();
        }
    }

    /// The future of one client. It waits for a byte until its deadline, as `rt::timeout` does.
    auto serve(int number) {
        Client* client = &clients_[static_cast<std::size_t>(number)];
        return rt::poll_fn([this, client](rt::Context& cx) -> rt::Poll<void> {
            if (client->source.poll_io(cx, rt::Direction::read, rt::IoSource::never_short, "read", &take).is_ready()) {
                served.fetch_add(1);
                return rt::Ready();
            }
            if (client->limit.poll(cx).is_ready()) {
                late.fetch_add(1);
                return rt::Ready();
            }
            waiting.fetch_add(client->is_new ? 1 : 0);
            client->is_new = false;
            return rt::Pending;
        });
    }

    /// All clients send, and then the deadlines of all have passed. Called while no thread of the runtime runs.
    void stand_still() {
        step("bytes come from all {} clients, and after that their deadlines pass", clients_.size());
        for (Client& client : clients_) {
            std::uint64_t const one = 1;
            rt::sys::write(client.source.fd(), {reinterpret_cast<const char*>(&one), sizeof one});
        }
        for (Client& client : clients_) {
            client.limit.reset(rt::sys::now());
        }
    }

    int count() const noexcept { return static_cast<int>(clients_.size()); }
    bool all_have_ended() const noexcept { return served.load() + late.load() == count(); }

    rt::Atomic<int> waiting{0};  // clients that have waited at least once
    rt::Atomic<int> served{0};
    rt::Atomic<int> late{0};

  private:
    struct Client {
        rt::IoSource source{rt::sys::Fd(rt::sys::check(rt::sys::event_fd(), "eventfd"))};
        rt::Sleep limit{rt::Instant::max()};
        bool is_new = true;
    };

    static ssize_t take(int fd) noexcept {
        std::uint64_t count = 0;
        return rt::sys::read(fd, {reinterpret_cast<char*>(&count), sizeof count});
    }

    std::deque<Client> clients_;
};

}  // namespace support
