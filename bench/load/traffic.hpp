// The traffic of the modes echo, mixed, and slow-reader: an epoll loop over all connections.
//
// Closed loop (the usual one): every connection keeps `depth` messages in flight, so an answer sends the next message, and
// a message's latency counts from just before its send. Open loop (--rate): message j is due at start + j / rate, on
// connection j mod connections, whatever the server does. Its latency counts from when it was due, also if it had to wait
// here because `depth` others were unanswered. So a stall is seen by all messages that it delays, not by one
// ("coordinated omission", Gil Tene).
#pragma once

#include "histogram.hpp"
#include "options.hpp"
#include "pattern.hpp"
#include "stream.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace load {

/// What was measured of one group.
struct GroupResult {
    Histogram latencies;
    std::uint64_t bytes = 0;       // that came back
    std::uint64_t unanswered = 0;  // open loop: due, but not answered when the window ended; counted at that age
};

class Traffic {
  public:
    explicit Traffic(const Options& options);
    Traffic(const Traffic&) = delete;
    Traffic& operator=(const Traffic&) = delete;
    ~Traffic();

    /// Connects all. False, and a fault, if that fails.
    bool connect();

    /// The first messages are sent, or the open loop's clock starts.
    void start();

    /// Runs until that time, or until the ordered requests are answered or lost.
    void run_until(std::uint64_t deadline);

    /// The warm-up is over: nothing that was measured so far counts.
    void forget();

    /// The window is over. What is due and unanswered counts at its age, and all that is in flight must come back, nothing
    /// more than that, and then the server must close too.
    void end();

    const std::vector<GroupResult>& results() const { return results_; }
    const Faults& faults() const { return faults_; }

  private:
    struct Client {
        Stream stream;
        std::size_t group = 0;
        std::uint64_t boundary = 0;  // received bytes at which the oldest unanswered message is complete
        std::uint64_t due = 0;       // messages that should have begun (open loop)
        std::uint64_t begun = 0, answered = 0;
        std::size_t times = 0;  // where its ring of `depth` begin times starts
        bool wants_out = false;
    };

    const Group& group_of(const Client& client) const { return options_.groups[client.group]; }
    bool is_slow(const Client& client) const { return group_of(client).slow_rate > 0; }
    bool open_loop() const { return options_.rate > 0; }

    void turn(std::uint64_t deadline);
    void on_event(Client& client, std::uint32_t events);
    void on_bytes(Client& client, std::size_t length, std::uint64_t time);
    void begin(Client& client, std::uint64_t messages, std::uint64_t time);
    void send(Client& client);
    void send_due(std::uint64_t time);
    void read_slowly(std::uint64_t time);
    std::uint64_t begun_at(const Client& client, std::uint64_t message) const;
    std::uint64_t due_at(std::uint64_t j) const;
    void count_unanswered(std::uint64_t time);
    void look_for_stall(std::uint64_t time);
    void change_interest(Client& client, std::uint32_t events);

    const Options& options_;
    Pattern pattern_;
    std::vector<char> buffer_;
    std::vector<Client> clients_;
    std::vector<std::uint64_t> times_;  // rings, one after the other
    std::vector<GroupResult> results_;
    Faults faults_;
    int epoll_;
    std::uint64_t left_;                // messages that may still begin (--requests)
    std::uint64_t unfinished_ = 0;      // messages begun and not answered, of the groups at full speed
    std::uint64_t schedule_start_ = 0;  // of the open loop
    std::uint64_t scheduled_ = 0;       // of the open loop: messages that have been due
    std::uint64_t progress_ = 0;        // when the last answer came
    std::uint64_t slow_tick_ = 0;       // when the slow ones have read last
    bool has_slow_ = false;
};

}  // namespace load
