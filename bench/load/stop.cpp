#include "stop.hpp"

#include <csignal>

namespace load {

namespace {

volatile std::sig_atomic_t signal_seen = 0;

void on_signal(int) { signal_seen = 1; }

}  // namespace

void catch_signals() {
    struct sigaction action{};
    action.sa_handler = on_signal;
    action.sa_flags = static_cast<int>(SA_RESETHAND);  // no SA_RESTART: a sleeping call returns
    sigaction(SIGINT, &action, nullptr);
    sigaction(SIGTERM, &action, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
}

bool stopped() { return signal_seen != 0; }

}  // namespace load
