// expect: the future, the callable, or an argument is bound to its thread (ThreadBound). Use spawn_local.
#include <rt/future.hpp>
#include <rt/spawn.hpp>

class Repaint : public rt::ThreadBound {
  public:
    using Output = void;
    rt::Poll<void> poll(rt::Context&) { return rt::Ready(); }
};

int main() { rt::spawn(Repaint()); }
