// expect: a task's result must be movable without throwing. Return a std::unique_ptr<T> instead.
#include <rt/future.hpp>
#include <rt/task.hpp>

#include <utility>

struct Cup {
    Cup() = default;
    Cup(const Cup&) {}
};

class Nobody final : public rt::Schedule {
  public:
    void schedule(rt::Runnable runnable) noexcept override { std::move(runnable).run(); }
};

int main() {
    Nobody nobody;
    auto ends = rt::make_task(rt::ready(Cup()), nobody);
}
