// learner: poll returns another type than Output
#include <rt/block_on.hpp>

class Kettle {
  public:
    using Output = int;

    rt::Poll<long> poll(rt::Context&) { return rt::Ready(100L); }
};

int main() { return rt::block_on(Kettle()); }
