// expect: the callable, an argument, or the result is bound to its thread (ThreadBound). Copy what the job needs
#include <rt/spawn_blocking.hpp>

namespace {
class Window : public rt::ThreadBound {};
void paint(Window) {}
}  // namespace

int main() { (void)rt::spawn_blocking(paint, Window()); }
