// A letter that is handed over by a relaxed flag.
#include <rt/sync.hpp>

#include <cstdio>

int letter = 0;
rt::Atomic<bool> ready{false};

int main() {
    rt::Thread writer([] {
        letter = 7;
        ready.store(true, rt::relaxed);
    });
    while (!ready.load(rt::relaxed)) {}
    std::printf("the letter says %d\n", letter);
    writer.join();
}
