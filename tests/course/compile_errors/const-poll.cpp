// learner: poll is const, and changes its future
#include <rt/future.hpp>

class Kettle {
  public:
    using Output = int;

    rt::Poll<int> poll(rt::Context& cx) const {
        degrees_ += 20;
        cx.waker().wake_by_ref();
        return rt::Pending;
    }

  private:
    int degrees_ = 20;
};
