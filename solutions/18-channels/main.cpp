/// \file
/// A group chat.
///
///     solution-18 serve [--addr 127.0.0.1:3002]
///     solution-18 join HOST:PORT GROUP NAME
#include "chat.hpp"

#include <rt/current_thread.hpp>
#include <rt/print.hpp>

#include <exception>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

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
        if (!is_name(arguments[2]) || !is_name(arguments[3])) {
            throw std::invalid_argument("the name of a group or of a person is one printable word");
        }
        if (!runtime.block_on(join_chat(arguments[1], arguments[2], arguments[3]))) {
            rt::eprintln("the server has ended the connection");
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
        rt::eprintln("{}", error.what());
        return 2;
    } catch (const std::exception& error) {
        rt::eprintln("{}", error.what());
        return 1;
    }
}
