// expect: spawn needs a future, or a callable whose result is a future. Pass an Async<T>, for example.
#include <rt/async.hpp>
#include <rt/spawn.hpp>

#include <string>

rt::Async<> greet(std::string name) {
    (void)name;
    co_return;
}

int main() { rt::spawn(greet, 3); }
