// learner: a function that Atomic does not have; what stands in for Atomic in a test has a name of its own
namespace rt {
template <class T>
class SteppedAtomic {};
}  // namespace rt

struct Slot {
    void wake() { state_.set_bit(2); }
    rt::SteppedAtomic<unsigned> state_;
};
