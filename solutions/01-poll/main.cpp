/// \file
/// A kettle that main asks again and again. The kettle answers at once each time, mostly with "not yet".
#include <rt/poll.hpp>
#include <rt/print.hpp>

#include <utility>

#include <fmt/format.h>

namespace {

using rt::Pending;
using rt::Poll;
using rt::Ready;

/// Warms up by 20 degrees at each question, and is ready when it boils.
class Kettle {
  public:
    Poll<int> poll() {
        degrees_ += 20;
        if (degrees_ < 100) {
            return Pending;
        }
        return Ready(degrees_);
    }

  private:
    int degrees_ = 20;
};

}  // namespace

int main(int argc, char** argv) {
    if (argc > 1) {
        rt::eprintln("this program takes no arguments, but it got '{}'. Run it without arguments.", argv[1]);
        return 2;
    }
    Kettle kettle;
    int polls = 0;
    Poll<int> answer = Pending;
    while (answer.is_pending()) {
        answer = kettle.poll();
        fmt::print("poll {}: {}\n", ++polls, answer);
    }
    fmt::print("{} degrees: {} of {} polls were for nothing\n", answer.value(), polls - 1, polls);

    auto tea = std::move(answer).map([](int degrees) { return fmt::format("tea of {} degrees", degrees - 20); });
    fmt::print("mapped: {}\n", tea);
}
