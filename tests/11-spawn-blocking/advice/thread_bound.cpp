// expect: spawn_blocking: the callable, an argument or the result is bound to its thread (ThreadBound)
#include <rt/spawn_blocking.hpp>

namespace {
class Window : public rt::ThreadBound {};
void paint(Window) {}
}  // namespace

int main() { (void)rt::spawn_blocking(paint, Window()); }
