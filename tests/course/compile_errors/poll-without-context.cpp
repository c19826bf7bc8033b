// learner: poll takes no Context
#include <rt/block_on.hpp>

class Kettle {
  public:
    using Output = int;

    rt::Poll<int> poll() { return rt::Ready(100); }
};

int main() { return rt::block_on(Kettle()); }
