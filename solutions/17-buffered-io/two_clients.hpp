/// \file
/// Given: two clients of the greeter. Both connect, Ann first. Bob says his name at once, and Ann thinks for 200 ms before she
/// says hers. They print when each thing happens.
#pragma once

#include <rt/async.hpp>
#include <rt/buf_reader.hpp>
#include <rt/io.hpp>
#include <rt/join.hpp>
#include <rt/park.hpp>
#include <rt/sleep.hpp>
#include <rt/tcp.hpp>
#include <rt/time.hpp>

#include <chrono>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

class Meeting {
  public:
    /// The greeter listens at `address`. The object must outlive the future.
    rt::Async<> two_clients(rt::SocketAddr address) {
        rt::TcpStream ann = co_await rt::TcpStream::connect(address);
        tell("Ann connects, and thinks");
        rt::TcpStream bob = co_await rt::TcpStream::connect(address);
        tell("Bob connects");
        auto both = rt::join(client("Ann", std::move(ann), std::chrono::milliseconds(200)),
                             client("Bob", std::move(bob), std::chrono::milliseconds(0)));
        co_await both;
    }

  private:
    rt::Async<> client(std::string name, rt::TcpStream stream, std::chrono::milliseconds thinks) {
        co_await rt::sleep(thinks);
        tell(fmt::format("{} says: {}", name, name));
        std::string line = name + "\n";
        co_await stream.write_all(line);
        rt::BufReader greeter(std::move(stream));
        while (auto greeting = co_await greeter.read_line()) {
            tell(fmt::format("{} hears: {}", name, *greeting));
        }
    }

    void tell(std::string_view what) const {
        auto passed = std::chrono::duration_cast<std::chrono::milliseconds>(rt::time::now() - begin_);
        fmt::print("  after {} ms: {}\n", passed.count(), what);
    }

    rt::Instant begin_ = rt::time::now();
};
