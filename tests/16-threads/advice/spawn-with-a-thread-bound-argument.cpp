// expect: or an argument is bound to its thread (ThreadBound). Use spawn_local.
#include <rt/async.hpp>
#include <rt/multi_thread.hpp>
#include <rt/send.hpp>

#include <memory>
#include <utility>

/// A thing that must stay where it was made.
class Brush : public rt::ThreadBound {};

rt::Async<> paint(std::shared_ptr<Brush>) { co_return; }

auto paint_elsewhere() { return rt::spawn(paint, std::make_shared<Brush>()); }
