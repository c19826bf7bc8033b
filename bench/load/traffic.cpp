#include "traffic.hpp"

#include "json.hpp"
#include "process.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <ctime>
#include <span>
#include <string>
#include <utility>

#include <sys/epoll.h>
#include <sys/prctl.h>
#include <unistd.h>

namespace load {

namespace {

constexpr std::uint64_t slow_period = 20'000'000;    // the slow ones read every 20 ms
constexpr std::uint64_t longest_sleep = 20'000'000;  // at the latest, look at the clock again

}  // namespace

Traffic::Traffic(const Options& options)
    : options_(options),
      buffer_(64 * 1024),
      results_(options.groups.size()),
      epoll_(epoll_create1(EPOLL_CLOEXEC)),
      left_(options.requests > 0 ? options.requests : ~std::uint64_t{0}) {
    std::size_t times = 0;
    for (std::size_t g = 0; g < options.groups.size(); ++g) {
        for (std::size_t i = 0; i < options.groups[g].connections; ++i) {
            Client client;
            client.group = g;
            client.times = times;
            times += options.groups[g].slow_rate > 0 ? 0 : options.groups[g].depth;
            has_slow_ |= options.groups[g].slow_rate > 0;
            clients_.push_back(std::move(client));
        }
    }
    times_.resize(times);
    prctl(PR_SET_TIMERSLACK, 1000, 0, 0, 0);  // a message that is due in 10 us is not due in 60
}

Traffic::~Traffic() { close(epoll_); }

bool Traffic::connect() {
    std::vector<Stream> streams(clients_.size());
    if (!open_streams(streams, 0, options_, pattern_, faults_)) {
        return false;
    }
    for (std::size_t i = 0; i < clients_.size(); ++i) {
        Client& client = clients_[i];
        client.stream = std::move(streams[i]);
        client.boundary = client.stream.received() + group_of(client).size;
        epoll_event event{};
        event.events = is_slow(client) ? 0U : EPOLLIN;
        event.data.u32 = static_cast<std::uint32_t>(i);
        epoll_ctl(epoll_, EPOLL_CTL_ADD, client.stream.descriptor(), &event);
    }
    return true;
}

void Traffic::start() {
    std::uint64_t time = schedule_start_ = progress_ = slow_tick_ = now();
    for (Client& client : clients_) {
        if (!open_loop() || is_slow(client)) {
            begin(client, group_of(client).depth, time);
        }
    }
}

void Traffic::run_until(std::uint64_t deadline) {
    bool idle = false;
    while (!idle && now() < deadline && !stopped()) {
        turn(deadline);
        idle = unfinished_ == 0 && (left_ == 0 || faults_.count >= clients_.size());
    }
}

void Traffic::forget() { results_.assign(results_.size(), GroupResult()); }

void Traffic::turn(std::uint64_t deadline) {
    std::array<epoll_event, 512> events;
    int n = 0;
    if (open_loop()) {  // until the next message is due, to the nanosecond
        std::uint64_t wake = std::min(deadline, due_at(scheduled_));
        std::uint64_t time = now();
        timespec limit{0, static_cast<long>(std::min(longest_sleep, wake > time ? wake - time : 0))};
        n = epoll_pwait2(epoll_, events.data(), static_cast<int>(events.size()), &limit, nullptr);
    } else {
        n = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), longest_sleep / 1'000'000);
    }
    for (int i = 0; i < n; ++i) {
        Client& client = clients_[events[static_cast<std::size_t>(i)].data.u32];
        if (client.stream.is_open()) {
            on_event(client, events[static_cast<std::size_t>(i)].events);
        }
    }
    if (open_loop() || has_slow_ || n == 0) {
        std::uint64_t time = now();
        send_due(time);
        read_slowly(time);
        look_for_stall(time);
    }
}

void Traffic::on_event(Client& client, std::uint32_t events) {
    if ((events & EPOLLOUT) != 0) {
        send(client);
    }
    if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0 && client.stream.is_open()) {
        std::size_t length = client.stream.receive(pattern_, buffer_, faults_);
        std::uint64_t time = now();
        if (length > 0) {
            on_bytes(client, length, time);
        } else if (!client.stream.is_open() && !is_slow(client)) {
            unfinished_ -= client.begun - client.answered;
        }
    }
}

void Traffic::on_bytes(Client& client, std::size_t length, std::uint64_t time) {
    const Group& group = group_of(client);
    GroupResult& result = results_[client.group];
    result.bytes += length;
    std::uint64_t answered = 0;
    for (; client.stream.received() >= client.boundary; client.boundary += group.size, ++answered) {
        if (!is_slow(client)) {
            std::uint64_t begun = begun_at(client, client.answered + answered);
            result.latencies.record(time > begun ? time - begun : 0);
        }
    }
    if (answered == 0) {
        return;
    }
    client.answered += answered;
    if (!is_slow(client)) {
        progress_ = time;
        unfinished_ -= answered;
    }
    if (open_loop() && !is_slow(client)) {
        begin(client, std::min(client.due - client.begun, group.depth - (client.begun - client.answered)), time);
    } else {
        begin(client, answered, time);
    }
}

void Traffic::begin(Client& client, std::uint64_t messages, std::uint64_t time) {
    const Group& group = group_of(client);
    if (!is_slow(client)) {
        messages = std::min(messages, left_);
        left_ -= messages;
        unfinished_ += messages;
        for (std::uint64_t i = 0; i < messages && !open_loop(); ++i) {
            times_[client.times + (client.begun + i) % group.depth] = time;
        }
    }
    if (messages > 0) {
        client.begun += messages;
        client.stream.want(messages * group.size);
        send(client);
    }
}

void Traffic::send(Client& client) {
    if (!client.stream.flush(pattern_, faults_)) {
        unfinished_ -= is_slow(client) ? 0 : client.begun - client.answered;
        return;
    }
    bool wants_out = !client.stream.is_sent();
    if (wants_out != client.wants_out) {
        client.wants_out = wants_out;
        change_interest(client, (is_slow(client) ? 0U : EPOLLIN) | (wants_out ? EPOLLOUT : 0U));
    }
}

void Traffic::change_interest(Client& client, std::uint32_t events) {
    epoll_event event{};
    event.events = events;
    event.data.u32 = static_cast<std::uint32_t>(&client - clients_.data());
    epoll_ctl(epoll_, EPOLL_CTL_MOD, client.stream.descriptor(), &event);
}

std::uint64_t Traffic::due_at(std::uint64_t j) const {
    return schedule_start_ + static_cast<std::uint64_t>(static_cast<double>(j) * 1e9 / options_.rate);
}

std::uint64_t Traffic::begun_at(const Client& client, std::uint64_t message) const {
    if (open_loop()) {
        return due_at(message * clients_.size() + static_cast<std::size_t>(&client - clients_.data()));
    }
    return times_[client.times + message % group_of(client).depth];
}

void Traffic::send_due(std::uint64_t time) {
    if (!open_loop()) {
        return;
    }
    for (; due_at(scheduled_) <= time; ++scheduled_) {
        Client& client = clients_[scheduled_ % clients_.size()];
        ++client.due;
        if (client.stream.is_open() && client.begun - client.answered < group_of(client).depth) {
            begin(client, 1, time);
        }
    }
}

void Traffic::count_unanswered(std::uint64_t time) {
    for (Client& client : clients_) {
        for (std::uint64_t k = client.answered; k < client.due; ++k) {
            results_[client.group].latencies.record(time - std::min(time, begun_at(client, k)));
            ++results_[client.group].unanswered;
        }
    }
}

void Traffic::read_slowly(std::uint64_t time) {
    if (!has_slow_ || time - slow_tick_ < slow_period) {
        return;
    }
    double seconds = static_cast<double>(time - slow_tick_) / 1e9;
    slow_tick_ = time;
    for (Client& client : clients_) {
        if (is_slow(client) && client.stream.is_open()) {
            auto bytes = static_cast<std::size_t>(static_cast<double>(group_of(client).slow_rate) * seconds) + 1;
            std::span<char> part(buffer_.data(), std::min(bytes, buffer_.size()));
            if (std::size_t length = client.stream.receive(pattern_, part, faults_)) {
                on_bytes(client, length, time);
            }
        }
    }
}

/// Nothing has come back for too long: what is on its way is lost, and those connections are given up.
void Traffic::look_for_stall(std::uint64_t time) {
    if (unfinished_ == 0) {
        progress_ = time;
    }
    if (static_cast<double>(time - std::min(progress_, time)) < options_.timeout * 1e9) {
        return;
    }
    for (Client& client : clients_) {
        if (client.stream.is_open() && !is_slow(client) && client.begun != client.answered) {
            faults_.note("no answer to " + std::to_string(client.begun - client.answered) +
                         " messages of a connection, and to nobody's, for " + Json::digits(options_.timeout) + " s");
            unfinished_ -= client.begun - client.answered;
            client.stream.reset();
        }
    }
}

void Traffic::end() {
    if (open_loop()) {
        count_unanswered(now());
    }
    std::size_t open = 0;
    for (Client& client : clients_) {
        if (client.stream.is_open()) {
            ++open;
            client.stream.end_of_sending();
            change_interest(client, EPOLLIN);
        }
    }
    std::array<epoll_event, 512> events;
    std::uint64_t last = now();
    while (open > 0 && !stopped() && static_cast<double>(now() - last) < options_.timeout * 1e9) {
        int n = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), longest_sleep / 1'000'000);
        for (int i = 0; i < n; ++i) {
            Client& client = clients_[events[static_cast<std::size_t>(i)].data.u32];
            client.stream.receive(pattern_, buffer_, faults_);
            open -= client.stream.is_open() ? 0 : 1;
            last = now();
        }
    }
    for (Client& client : clients_) {
        if (client.stream.is_open() && !stopped()) {
            faults_.note(client.stream.is_answered() ? "the server keeps a connection that the client has ended"
                                                     : "part of the last messages never came back");
        }
    }
}

}  // namespace load
