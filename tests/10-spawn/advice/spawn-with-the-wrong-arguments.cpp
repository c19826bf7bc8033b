// expect: spawn needs a future, or a callable and arguments that give one: an Async<T>, say
#include <rt/async.hpp>
#include <rt/spawn.hpp>

#include <string>

rt::Async<> greet(std::string name) {
    (void)name;
    co_return;
}

int main() { rt::spawn(greet, 3); }
