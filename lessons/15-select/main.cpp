/// \file
/// A slow answer and a deadline: `timeout`, and then a race of two answers with `select`, which destroys the loser.
#include <rt/async.hpp>
#include <rt/current_thread.hpp>
#include <rt/park.hpp>
#include <rt/print.hpp>
#include <rt/select.hpp>
#include <rt/time.hpp>
#include <rt/timeout.hpp>

#include <chrono>
#include <string>
#include <utility>
#include <variant>

#include <fmt/format.h>

namespace {

using namespace std::chrono_literals;

/// A guest who is asked something. The destructor prints whether the guest has answered.
class Guest {
  public:
    explicit Guest(std::string name) : name_(std::move(name)) { fmt::print("{} thinks\n", name_); }
    Guest(const Guest&) = delete;
    Guest& operator=(const Guest&) = delete;
    ~Guest() { fmt::print("{} {}\n", name_, has_answered_ ? "has answered" : "was not waited for"); }

    std::string answer() {
        has_answered_ = true;
        return "forty-two, says " + name_;
    }

  private:
    std::string name_;
    bool has_answered_ = false;
};

/// Asks a guest who thinks for as long as `needs`.
rt::Async<std::string> ask(std::string name, std::chrono::milliseconds needs) {
    Guest guest(std::move(name));
    co_await rt::sleep(needs);
    co_return guest.answer();
}

rt::Async<> questions() {
    rt::Instant const begin = rt::time::now();
    fmt::print("{}\n", co_await rt::timeout(100ms, ask("the quick one", 10ms)));
    try {
        fmt::print("{}\n", co_await rt::timeout(100ms, ask("the slow one", 1h)));
    } catch (const rt::Elapsed&) {
        fmt::print("no answer within 100 ms\n");
    }
    auto race = rt::select(ask("the tortoise", 1h), ask("the hare", 10ms));
    auto first = co_await race;
    fmt::print("branch {}: {}\n", first.index(), first.index() == 0 ? std::get<0>(first) : std::get<1>(first));
    std::chrono::duration<double, std::milli> const took = rt::time::now() - begin;
    fmt::print("all questions took {:.0f} ms\n", took.count());
}

}  // namespace

int main(int argc, char** argv) {
    if (argc > 1) {
        rt::eprintln("this program takes no arguments, but it got '{}'. Run it without arguments.", argv[1]);
        return 2;
    }
    rt::CurrentThread runtime;
    runtime.block_on(questions());
    return 0;
}
