/// \file
/// A group chat.
///
///     solution-18 serve [--addr 127.0.0.1:3002]
///     solution-18 join HOST:PORT GROUP NAME
#include "chat.hpp"

#include <rt/current_thread.hpp>

#include <cstdio>
#include <exception>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/core.h>

namespace {

// Given: reads the command line.
int run(const std::vector<std::string>& arguments) {
    rt::CurrentThread runtime;
    std::string_view mode = arguments.empty() ? "" : std::string_view(arguments[0]);
    if (mode == "serve" && arguments.size() == 1) {
        runtime.block_on(serve("127.0.0.1:3002"));
    } else if (mode == "serve" && arguments.size() == 3 && arguments[1] == "--addr") {
        runtime.block_on(serve(arguments[2]));
    } else if (mode == "join" && arguments.size() == 4) {
        if ((arguments[2] + arguments[3]).find_first_of(" \r\n") != std::string::npos) {
            throw std::invalid_argument("the names of groups and of people have no spaces");
        }
        if (!runtime.block_on(join_chat(arguments[1], arguments[2], arguments[3]))) {
            fmt::print(stderr, "the server has ended the connection\n");
            return 1;
        }
    } else {
        throw std::invalid_argument("say 'serve [--addr HOST:PORT]' or 'join HOST:PORT GROUP NAME'");
    }
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    try {
        return run(std::vector<std::string>(argv + 1, argv + argc));
    } catch (const std::invalid_argument& error) {
        fmt::print(stderr, "{}\n", error.what());
        return 2;
    } catch (const std::exception& error) {
        fmt::print(stderr, "{}\n", error.what());
        return 1;
    }
}
