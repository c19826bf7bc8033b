// expect: spawn: the future, the callable, or an argument is bound to its thread (ThreadBound). Use spawn_local.
#include <rt/future.hpp>
#include <rt/multi_thread.hpp>
#include <rt/send.hpp>

/// A future that must stay where it was made.
class Brush : public rt::ThreadBound {
  public:
    using Output = void;
    rt::Poll<void> poll(rt::Context&) { return rt::Ready(); }
};

auto paint() { return rt::spawn(Brush()); }
