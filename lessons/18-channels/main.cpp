/// \file
/// Five letters through a box with room for two. And a group chat.
///
///     solution-18                                    the letters
///     solution-18 serve [--addr 127.0.0.1:3002]      the chat's server
///     solution-18 join HOST:PORT GROUP NAME          a client that posts what you type
#include "chat.hpp"

#include <rt/async.hpp>
#include <rt/current_thread.hpp>
#include <rt/join_set.hpp>
#include <rt/mpsc.hpp>
#include <rt/print.hpp>
#include <rt/sleep.hpp>

#include <chrono>
#include <exception>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace {

rt::Async<> write_letters(rt::mpsc::Sender<int> box) {
    for (int letter = 1; letter <= 5; ++letter) {
        co_await box.send(letter);
        fmt::print("letter {} is in the box\n", letter);
    }
    fmt::print("the writer goes home\n");
}

/// Needs 10 ms for each letter.
rt::Async<> read_letters(rt::mpsc::Receiver<int> box) {
    while (auto letter = co_await box.recv()) {
        fmt::print("                            letter {} is taken out\n", *letter);
        co_await rt::sleep(std::chrono::milliseconds(10));
    }
    fmt::print("                            no letter will ever come\n");
}

rt::Async<> exchange_letters() {
    auto [sender, receiver] = rt::mpsc::channel<int>(2);
    rt::JoinSet<> tasks;
    tasks.spawn(write_letters(std::move(sender)));
    tasks.spawn(read_letters(std::move(receiver)));
    for (bool more = true; more;) {
        more = (co_await tasks.join_next()).has_value();
    }
}

// Given: reads the command line.
int run(const std::vector<std::string>& arguments) {
    rt::CurrentThread runtime;
    std::string_view mode = arguments.empty() ? "" : std::string_view(arguments[0]);
    if (arguments.empty()) {
        runtime.block_on(exchange_letters());
    } else if (mode == "serve" && arguments.size() == 1) {
        runtime.block_on(serve("127.0.0.1:3002"));
    } else if (mode == "serve" && arguments.size() == 3 && arguments[1] == "--addr") {
        runtime.block_on(serve(arguments[2]));
    } else if (mode == "join" && arguments.size() == 4) {
        if (!is_name(arguments[2]) || !is_name(arguments[3])) {
            throw std::invalid_argument("the name of a group or of a person is one printable word");
        }
        if (!runtime.block_on(join_chat(arguments[1], arguments[2], arguments[3]))) {
            rt::eprintln("the server has ended the connection");
            return 1;
        }
    } else {
        throw std::invalid_argument("say 'serve [--addr HOST:PORT]' or 'join HOST:PORT GROUP NAME', or nothing");
    }
    return 0;
}

}  // namespace

// Given: the end of the program, and what it says about an error.
int main(int argc, char** argv) {
    try {
        return run(std::vector<std::string>(argv + 1, argv + argc));
    } catch (const std::invalid_argument& error) {
        rt::eprintln("{}", error.what());
        return 2;
    } catch (const std::exception& error) {
        rt::eprintln("{}", error.what());
        return 1;
    }
}
