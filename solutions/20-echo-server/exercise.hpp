/// \file
/// The exercise of lesson 20, solved: `serve_while_needed(listener, limits, quiet, handler)`.
#pragma once

#include <rt/async.hpp>
#include <rt/future.hpp>
#include <rt/notify.hpp>
#include <rt/select.hpp>
#include <rt/serve.hpp>
#include <rt/sleep.hpp>
#include <rt/sync.hpp>
#include <rt/tcp.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <utility>

namespace exercise {

/// How many clients are connected. The handlers change it, on any thread, and `unused_for` waits for changes.
struct Usage {
    rt::Atomic<int> clients{0};
    rt::Notify changed;
};

/// Counts one client as long as it exists.
class Present {
  public:
    explicit Present(std::shared_ptr<Usage> usage) : usage_(std::move(usage)) { add(1); }
    Present(const Present&) = delete;
    Present& operator=(const Present&) = delete;
    ~Present() { add(-1); }

  private:
    void add(int difference) {
        usage_->clients.fetch_add(difference);
        usage_->changed.notify_one();
    }

    std::shared_ptr<Usage> usage_;
};

/// Ready when no client has been connected for `quiet`.
inline rt::Async<> unused_for(std::shared_ptr<Usage> usage, std::chrono::milliseconds quiet) {
    for (;;) {
        auto changed = usage->changed.notified();  // keeps a permit, so no change is missed
        if (usage->clients.load() == 0) {
            auto first = co_await rt::select(rt::by_ref(changed), rt::sleep(quiet));
            if (first.index() == 1) {
                co_return;
            }
        } else {
            co_await changed;
        }
    }
}

template <class Handler>
rt::Async<> counted(rt::TcpStream* stream, std::shared_ptr<Usage> usage, Handler handler) {
    Present present(std::move(usage));
    auto handled = handler(stream);
    co_await handled;
}

/// Serves as `rt::serve` does, until no client has been connected for `quiet`. Yields how many clients there were.
template <class Handler>
rt::Async<std::size_t> serve_while_needed(rt::TcpListener listener, rt::ServeLimits limits,
                                          std::chrono::milliseconds quiet, Handler handler) {
    auto usage = std::make_shared<Usage>();
    auto counting = [usage, handler](rt::TcpStream* stream) { return counted(stream, usage, handler); };
    auto serving = rt::serve(std::move(listener), limits, unused_for(usage, quiet), counting);
    co_return co_await serving;
}

}  // namespace exercise
