"""What a learner is told whose line is Rust. Rows as those of compile_advice.py, which asks these first."""
from name_advice import RUST

RUST_SYNTAX = [
    (r"", r"\w::<", "In C++ the type follows the name at once, without `::`: `scheduler.service<T>()`."),
    (r"", r"\bPoll::(Ready|Pending)\b", "In C++ it is `Ready(value)` or `Pending`, without `Poll::`."),
    (r"", r"\b(auto&*|let) \(\w+, \w+\)\s*=", "The parts of a pair get their names in brackets: `auto [job, handle] = …`."),
    (r"", r"(\bcase\b.*|^\s*[\w:]+) =>", "A case begins with a colon and ends with a break: `case X: …; break;`."),
    (r"", r"[(,=]\s*(move )?\|(\w+(, \w+)*)?\| ", "Rust's `|x| …` is a lambda in C++: `[&](auto x) { return …; }`."),
    (r"expected (primary-)?expression", r"(\breturn|=) if\b", "In C++ an `if` has no value. Write `condition ? a : b`, or two returns."),
    (r"expected (primary-)?expression", r"\)\?\s*;", "C++ has no `?`. An exception leaves the function by itself."),
    (r"(does not refer to a value|expected primary-expression)", r"\bErr\(", RUST["Err"]),
    (r"expected .?catch", r"\bfinally\b", "C++ has no `finally`. What must happen in any case is done by a destructor."),
    (r"'std::mem' has not been declared", "", RUST["mem"]),
    (r"expected unqualified-id", r"^\s*\w+: \w+ = ", "In C++ the type comes first: `unsigned x = …;`."),
    (r"expected unqualified-id", r"\w::new\(",
     "C++ has no `X::new()`. An object is made by the name of its class, as in `Lock(mutex_)`, and a Runnable by "
     "`Runnable::from_raw(task)`."),
]
