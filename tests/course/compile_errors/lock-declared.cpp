// learner: a lock without a name, over the tests' stand-in for Lock
#include "../../05-block-on/driven_park.hpp"

#define Lock rt::DrivenLock

class Bell {
  public:
    void ring() {
        { Lock(mutex_); }
        condvar_.notify_one();
    }

  private:
    rt::Mutex mutex_;
    rt::Condvar condvar_;
};
