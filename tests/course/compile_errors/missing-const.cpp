// learner: a function that only looks is not const
#include <rt/poll.hpp>

class Kettle {
  public:
    bool boils() { return degrees_ >= 100; }

  private:
    int degrees_ = 20;
};

bool look(const Kettle& kettle) { return kettle.boils(); }
