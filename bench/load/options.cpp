#include "options.hpp"

#include "pattern.hpp"

#include <charconv>
#include <cstdio>
#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <arpa/inet.h>

namespace load {

const char* const usage =
    R"(load [MODE] --server 127.0.0.1:PORT [options]      one line of JSON; status 1 if an answer was wrong

  echo         (or no mode) every connection keeps DEPTH messages of SIZE bytes in flight
  mixed        several kinds of connections: --group CONNECTIONSxSIZExDEPTH, as often as needed
  slow-reader  some (--slow 5) read only 20,000 bytes a second each, but write all they can
  idle         each connection says one message and falls silent: the server's memory for one of them
  accept       connect, one message, end: accepts a second (--connections of them at a time, --requests in all)

  --connections 50  --size 64  --depth 1    what each connection does
  --seconds 2  --warmup 0.3 | --requests N  how long
  --rate R                                  R messages a second by the clock; each latency from its due time
  --server-pid PID                          whose CPU time or memory to report
  --timeout 5                               seconds without an answer: it is lost

Every byte that comes back is checked.
)";

namespace {

[[noreturn]] void refuse(const std::string& sentence) { throw std::invalid_argument(sentence); }

template <class T>
T number(std::string_view text, std::string_view option, T least, T most) {
    T value{};
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || !(value >= least && value <= most)) {
        char bounds[60];
        std::snprintf(bounds, sizeof bounds, "%.10g to %.10g", static_cast<double>(least), static_cast<double>(most));
        refuse(std::string(option) + " takes a number from " + bounds + ", not '" + std::string(text) + "'.");
    }
    return value;
}

constexpr std::size_t most_connections = 60'000;
constexpr std::size_t most_in_flight = 64 * 1024 * 1024;

/// "50x1024x16"
Group group_of(std::string_view text) {
    std::size_t first = text.find('x');
    std::size_t second = first == std::string_view::npos ? first : text.find('x', first + 1);
    if (second == std::string_view::npos) {
        refuse("--group takes CONNECTIONSxSIZExDEPTH, like 50x1024x16, not '" + std::string(text) + "'.");
    }
    Group group;
    group.connections = number<std::size_t>(text.substr(0, first), "--group", 1, most_connections);
    group.size = number<std::size_t>(text.substr(first + 1, second - first - 1), "--group", 1, Pattern::span);
    group.depth = number<std::size_t>(text.substr(second + 1), "--group", 1, 4096);
    return group;
}

void set_server(Options& options, std::string_view text) {
    std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos) {
        refuse("--server takes an address like 127.0.0.1:3001, not '" + std::string(text) + "'.");
    }
    options.host = text.substr(0, colon);
    options.port = number<std::uint16_t>(text.substr(colon + 1), "the port of --server", 1, 65535);
    in_addr address{};
    if (inet_pton(AF_INET, options.host.c_str(), &address) != 1 || ntohl(address.s_addr) >> 24 != 127) {
        refuse("--server must be on this machine (127.x.x.x), not '" + options.host + "'.");
    }
}

void set_mode(Options& options, std::string_view word) {
    using Mode = Options::Mode;
    static const std::map<std::string_view, Mode> modes{{"echo", Mode::echo},
                                                        {"mixed", Mode::mixed},
                                                        {"slow-reader", Mode::slow_reader},
                                                        {"accept", Mode::accept},
                                                        {"idle", Mode::idle}};
    auto found = modes.find(word);
    if (found == modes.end()) {
        refuse("There is no mode '" + std::string(word) + "'; see load --help.");
    }
    options.mode = found->second;
}

/// What the options say together; they are all read.
void settle(Options& options, const Group& alike, std::size_t slow) {
    using Mode = Options::Mode;
    if (options.port == 0) {
        refuse("Say which server: --server 127.0.0.1:PORT.");
    }
    if ((options.mode == Mode::mixed) != !options.groups.empty()) {
        refuse("mixed needs --group CONNECTIONSxSIZExDEPTH, and no other mode takes it.");
    }
    if (options.groups.empty()) {
        options.groups.push_back(alike);
    }
    if (options.mode == Mode::slow_reader) {
        // Four megabytes on their way: more than the kernel keeps for both ends once nobody reads.
        constexpr std::size_t piece = 4096;
        options.groups.push_back(Group{slow, piece, 1024, 20'000});
    }
    for (const Group& group : options.groups) {
        if (group.size * group.depth > most_in_flight) {
            refuse("size times depth must stay below 64 MB.");
        }
    }
    if (options.connections() > most_connections) {
        refuse("There can be at most 60000 connections.");
    }
    if (options.rate > 0 && (options.requests > 0 || options.groups.size() > 1)) {
        refuse("--rate goes with --seconds, and with one kind of connections.");
    }
    // More would fill the kernel's table of connections in TIME_WAIT.
    if (options.mode == Mode::accept && (options.requests == 0 || options.requests > 100'000)) {
        refuse("accept needs --requests, at most 100000.");
    }
    if (options.mode == Mode::idle && options.server_pid == 0) {
        refuse("idle measures the server's memory: say --server-pid PID.");
    }
}

}  // namespace

std::size_t Options::connections() const {
    std::size_t sum = 0;
    for (const Group& group : groups) {
        sum += group.connections;
    }
    return sum;
}

Options Options::parse(int argc, char** argv) {
    Options options;
    Group alike;
    std::size_t slow = 5;
    using Text = std::string_view;
    const std::map<Text, std::function<void(Text)>> table{
        {"--server", [&](Text t) { set_server(options, t); }},
        {"--connections",
         [&](Text t) { alike.connections = number<std::size_t>(t, "--connections", 1, most_connections); }},
        {"--size", [&](Text t) { alike.size = number<std::size_t>(t, "--size", 1, Pattern::span); }},
        {"--depth", [&](Text t) { alike.depth = number<std::size_t>(t, "--depth", 1, 4096); }},
        {"--group", [&](Text t) { options.groups.push_back(group_of(t)); }},
        {"--seconds", [&](Text t) { options.seconds = number(t, "--seconds", 0.01, 3600.0); }},
        {"--warmup", [&](Text t) { options.warmup = number(t, "--warmup", 0.0, 60.0); }},
        {"--requests", [&](Text t) { options.requests = number<std::uint64_t>(t, "--requests", 1, 1'000'000'000); }},
        {"--rate", [&](Text t) { options.rate = number(t, "--rate", 1.0, 1e8); }},
        {"--timeout", [&](Text t) { options.timeout = number(t, "--timeout", 0.05, 600.0); }},
        {"--slow", [&](Text t) { slow = number<std::size_t>(t, "--slow", 1, 10'000); }},
        {"--server-pid", [&](Text t) { options.server_pid = number<pid_t>(t, "--server-pid", 1, 1 << 30); }},
    };
    for (int i = 1; i < argc; ++i) {
        Text word = argv[i];
        if (word == "--help" || word == "-h") {
            options.mode = Mode::help;
            return options;
        }
        if (i == 1 && !word.starts_with("-")) {
            set_mode(options, word);
            continue;
        }
        auto found = table.find(word);
        if (found == table.end()) {
            refuse("There is no option '" + std::string(word) + "'; see load --help.");
        }
        if (++i == argc) {
            refuse(std::string(word) + " needs a value; see load --help.");
        }
        found->second(argv[i]);
    }
    settle(options, alike, slow);
    return options;
}

}  // namespace load
