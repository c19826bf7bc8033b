// learner: a pointer returned where a reference is wanted
#include <rt/waker.hpp>

class Bell {
  public:
    const rt::Waker& waker() const { return waker_; }

  private:
    const rt::Waker* waker_ = nullptr;
};
