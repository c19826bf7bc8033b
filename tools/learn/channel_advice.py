"""Advice for code that waits for other tasks: locks, lists of waiters, and channels. tests/course/compile_errors.md has each."""
# As the rows of compile_advice.ADVICE.
ON_CHANNELS = [
    (r"(no matching constructor for initialization of '(std::)?unique_lock<|unique_lock<.*>::unique_lock\(.*\*\))", r"\(&",
     "A Lock is made of the mutex itself. Leave out the `&`."),
    (r"lock_guard<.*' to '(std::)?unique_lock<", "", "A std::lock_guard can't be handed on. Make a `Lock`: `Lock lock(mutex_);`."),
    (r"'(std::mutex|(rt::)?Mutex)' to .*'(std::)?unique_lock<", "", "A Lock is wanted here, and not the mutex. `Lock(mutex_)` locks it."),
    (r"(no matching function for call to '.*::(wake_(one|all)\(\)|add\()|too few arguments .* 'lock' was not specified)|"
     r"unique_lock<.*\*' to '(std::)?unique_lock<|too few arguments to function call, expected 3", r"\b(wake_\w+|add|give_permit|release_place)\(",
     "This function takes the lock, and releases it. Hand it over: `std::move(lock)`."),
    (r"WaitList' has no member named '\w+'|no member named '\w+' in '(rt::)?WaitList'|range expression of type '(rt::)?WaitList|"
     r"'begin' was not declared", "",
     "A WaitList has is_empty(), add(waiter, waker, lock), remove(waiter), wake_one(lock), and wake_all(lock)."),
    (r"(from nested type|use of non-static data member|non-static member function without an object|cannot call member function .* without object)",
     "", "Whose member is it? Name the object, and a dot: `notify_.mutex_`."),
    (r"(from|of) (returned value of )?(type )?'?void'? to .*Poll<|could not convert .* from 'void' to '(rt::)?Poll<", r"\breturn\b.*\.add\(",
     "add() returns nothing. Call it, and then `return Pending;`."),
    (r"('void' to unary|could not convert .* from 'void' to 'bool'|in argument to unary !)", r"![\w.]+\(",
     "This function returns nothing, so its result can't be asked. Ask before you call it, as with `is_empty()`."),
    (r"no matching function for call to .*exchange", r"exchange\(&", "std::exchange wants the variable itself. Leave out the `&`."),
    (r"(Ready<.*|PendingType)' to (function return type )?'.*(TrySend|Sent)'", "",
     "This function is no poll, so it returns neither Ready nor Pending. Return the answer itself: `TrySend::full`."),
    (r"no matching function for call to 'construct_at\b", "", "This type can't be copied. Move it: `std::move(x)`."),
    (r"(which is of pointer type|is a pointer; did you mean)", r"\.(is_some|is_none|has_value)\(",
     "This is a pointer. Compare it: `x != nullptr`."),
    (r"(invalid operands to binary expression|no match for 'operator[!=]=').*\*' and '.*nullopt", "",
     "A pointer that points to nothing is `nullptr`."),
    (r"' to (non-scalar type )?'(std::)?optional<", r"=.*\.(front|back)\(\);",
     "This only lends the value. Move it out: `std::move(x.front())`."),
    (r"(conversion from|convert) '(?:std::)?optional<([^']*)>' to '\2'", r"^\s*\w+ \w+ = ", "An optional isn't its value. If it has one, that is `*x`."),
]
