// expect: bound to its thread (ThreadBound). Use spawn_local.
#include <rt/async.hpp>
#include <rt/spawn.hpp>

struct Window : rt::ThreadBound {};

rt::Async<> paint(Window) { co_return; }

int main() { rt::spawn(paint, Window()); }
