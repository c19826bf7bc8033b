// learner: a future does not say what it yields
#include <rt/block_on.hpp>

class Kettle {
  public:
    rt::Poll<int> poll(rt::Context&) { return rt::Ready(100); }
};

int main() { return rt::block_on(Kettle()); }
