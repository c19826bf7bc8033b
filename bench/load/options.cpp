#include "options.hpp"

#include "pattern.hpp"

#include <charconv>
#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

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

using Mode = Options::Mode;

[[noreturn]] void refuse(const std::string& sentence) { throw std::invalid_argument(sentence); }

/// The number that `text` is, if it lies between 0 and `most`.
template <class T>
T number(std::string_view option, std::string_view text, T most) {
    T value{};
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || !(value >= T{} && value <= most)) {
        refuse(std::string(option) + " takes a number up to " + std::to_string(most) + ", not '" + std::string(text) +
               "'.");
    }
    return value;
}

constexpr std::size_t most_connections = 60'000;
constexpr std::size_t most_depth = 4096;

/// "50x1024x16"
Group group_of(std::string_view text) {
    std::size_t first = text.find('x');
    std::size_t second = text.find('x', first + 1);
    if (first == text.npos || second == text.npos) {
        refuse("--group takes CONNECTIONSxSIZExDEPTH, like 50x1024x16, not '" + std::string(text) + "'.");
    }
    Group group;
    group.connections = number("--group", text.substr(0, first), most_connections);
    group.size = number("--group", text.substr(first + 1, second - first - 1), Pattern::span);
    group.depth = number("--group", text.substr(second + 1), most_depth);
    return group;
}

void set_server(Options& options, std::string_view text) {
    std::size_t colon = text.rfind(':');
    options.host = text.substr(0, colon);
    in_addr address{};
    if (colon == text.npos || inet_pton(AF_INET, options.host.c_str(), &address) != 1 ||
        ntohl(address.s_addr) >> 24 != 127) {
        refuse("--server takes an address of this machine, like 127.0.0.1:3001, not '" + std::string(text) + "'.");
    }
    options.port = number<std::uint16_t>("the port of --server", text.substr(colon + 1), 65535);
}

/// One option; `alike` and `slow` are what the groups are made of.
void set(Options& options, Group& alike, std::size_t& slow, std::string_view option, std::string_view text) {
    constexpr std::uint64_t many = 1'000'000'000;
    if (option == "--server") {
        set_server(options, text);
    } else if (option == "--connections") {
        alike.connections = number(option, text, most_connections);
    } else if (option == "--size") {
        alike.size = number(option, text, Pattern::span);
    } else if (option == "--depth") {
        alike.depth = number(option, text, most_depth);
    } else if (option == "--group") {
        options.groups.push_back(group_of(text));
    } else if (option == "--seconds") {
        options.seconds = number(option, text, 3600.0);
    } else if (option == "--warmup") {
        options.warmup = number(option, text, 60.0);
    } else if (option == "--requests") {
        options.requests = number(option, text, many);
    } else if (option == "--rate") {
        options.rate = number(option, text, 1e8);
    } else if (option == "--timeout") {
        options.timeout = number(option, text, 600.0);
    } else if (option == "--slow") {
        slow = number(option, text, most_connections);
    } else if (option == "--server-pid") {
        options.server_pid = number<pid_t>(option, text, 1 << 30);
    } else {
        refuse("There is no option '" + std::string(option) + "'; see load --help.");
    }
}

/// What the options say together; they are all read.
void settle(Options& options, const Group& alike, std::size_t slow) {
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
        if (group.connections == 0 || group.size == 0 || group.depth == 0) {
            refuse("There must be a connection, and a message of a byte at least.");
        }
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
    const std::map<std::string_view, Mode> modes{
        {"echo", Mode::echo},     {"mixed", Mode::mixed}, {"slow-reader", Mode::slow_reader},
        {"accept", Mode::accept}, {"idle", Mode::idle},   {"--help", Mode::help}};
    Options options;
    auto found = argc > 1 ? modes.find(argv[1]) : modes.end();
    int begin = found == modes.end() ? 1 : 2;
    options.mode = found == modes.end() ? Mode::echo : found->second;
    Group alike;
    std::size_t slow = 5;
    for (int i = begin; i < argc && options.mode != Mode::help; i += 2) {
        set(options, alike, slow, argv[i], i + 1 < argc ? argv[i + 1] : "");
    }
    if (options.mode != Mode::help) {
        settle(options, alike, slow);
    }
    return options;
}

}  // namespace load
