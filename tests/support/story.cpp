#include <rt/sync.hpp>
#include <support/story.hpp>

#include <algorithm>
#include <vector>

namespace support {

namespace {

constexpr std::size_t shown_at_most = 40;
constexpr std::size_t kept_at_most = 2000;

struct Story {
    rt::Mutex mutex;
    std::string test_case;
    std::vector<std::string> steps;  // steps[0] is step number first
    StepNumber first = 1;
    StepNumber told = 0;  // steps up to this number were printed already
};

/// Never destroyed, because a thread that outlives main may still record a step.
Story& story() {
    static Story& it = *new Story;
    return it;
}

rt::Atomic<std::size_t> life{0};

}  // namespace

StepNumber record_step(std::string text) {
    still_alive();
    Story& it = story();
    rt::Lock lock(it.mutex);
    if (it.steps.size() == kept_at_most) {
        it.steps.erase(it.steps.begin(), it.steps.begin() + kept_at_most / 2);
        it.first += kept_at_most / 2;
    }
    it.steps.push_back(std::move(text));
    return it.first + it.steps.size() - 1;
}

StepNumber step(const char* text) { return record_step(text); }

void add_outcome(StepNumber number, std::string_view outcome) {
    still_alive();
    Story& it = story();
    rt::Lock lock(it.mutex);
    if (number >= it.first && number - it.first < it.steps.size()) {
        std::string& text = it.steps[number - it.first];
        text += ": ";
        text += outcome;
    }
}

void still_alive() noexcept { life.fetch_add(1, rt::relaxed); }

std::size_t signs_of_life() noexcept { return life.load(rt::relaxed); }

void begin_story(std::string test_case) {
    still_alive();
    Story& it = story();
    rt::Lock lock(it.mutex);
    it.test_case = std::move(test_case);
    it.steps.clear();
    it.first = 1;
    it.told = 0;
}

std::string story_so_far() {
    Story& it = story();
    // A signal handler calls this too, and the thread that it interrupted may hold the lock. Then torn steps are better
    // than none.
    rt::Lock lock(it.mutex, std::try_to_lock);
    StepNumber const last = it.first + it.steps.size() - 1;
    StepNumber from = std::max(it.told + 1, it.first);
    if (from > last && last >= it.first) {
        from = last;
    }
    std::string text;
    if (last >= from && last - from >= shown_at_most) {
        from = last - shown_at_most + 1;
        text += fmt::format("  …  {} steps before\n", from - 1 - it.told);
    }
    for (StepNumber number = from; number <= last; ++number) {
        text += fmt::format("{:3}. {}{}\n", number, it.steps[number - it.first], number == last ? "   <-- here" : "");
    }
    it.told = last;
    return text;
}

std::string all_steps() {
    {
        Story& it = story();
        rt::Lock lock(it.mutex, std::try_to_lock);
        it.told = 0;
    }
    return story_so_far();
}

void tell_story(std::FILE* out) {
    std::string const steps = all_steps();
    std::fprintf(out, "\n%s\n%s", current_case().c_str(), steps.c_str());
}

std::string current_case() {
    Story& it = story();
    rt::Lock lock(it.mutex, std::try_to_lock);
    return it.test_case;
}

std::string last_step() {
    Story& it = story();
    rt::Lock lock(it.mutex, std::try_to_lock);
    if (!lock || it.steps.empty()) {
        return "";
    }
    return fmt::format("{}. {}", it.first + it.steps.size() - 1, it.steps.back());
}

}  // namespace support
