// expect: MultiThread::spawn: this future is bound to its thread (ThreadBound)
#include <rt/future.hpp>
#include <rt/multi_thread.hpp>
#include <rt/send.hpp>

/// A future that must stay where it was made.
class Brush : public rt::ThreadBound {
  public:
    using Output = void;
    rt::Poll<void> poll(rt::Context&) { return rt::Ready(); }
};

auto paint(rt::MultiThread& runtime) { return runtime.spawn(Brush()); }
