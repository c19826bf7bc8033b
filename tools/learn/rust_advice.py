"""What a learner is told whose line is Rust. Rows as those of compile_advice.py, which asks these first."""
from name_advice import RUST

RUST_SYNTAX = [
    (r"", r"\w::<", "In C++ the type follows the name at once, without `::`: `scheduler.service<T>()`."),
    (r"", r"\bPoll::(Ready|Pending)\b", "In C++ it is `Ready(value)` or `Pending`, without `Poll::`."),
    (r"", r"\b(auto&*|let) \(\w+, \w+\)\s*=", "The parts of a pair get their names in brackets: `auto [job, handle] = …`."),
    (r"", r"(\bcase\b.*|^\s*[\w:]+) =>", "A case begins with a colon and ends with a break: `case X: …; break;`."),
    (r"", r"[(,=]\s*(move )?\|(\w+(, \w+)*)?\| ", "Rust's `|x| …` is a lambda in C++: `[&](auto x) { return …; }`."),
    (r"expected (primary-)?expression", r"(\breturn|=) if\b", "In C++ an `if` has no value. Write `condition ? a : b`, or two returns."),
    (r"expected (primary-)?expression", r"(\)|\.await)\?\s*[;.)]", "C++ has no `?`. An exception leaves the function by itself."),
    (r"(does not refer to a value|expected primary-expression)", r"\bErr\(", RUST["Err"]),
    (r"expected .?catch", r"\bfinally\b", "C++ has no `finally`. What must happen in any case is done by a destructor."),
    (r"'std::mem' has not been declared", "", RUST["mem"]),
    (r"expected unqualified-id", r"^\s*\w+: \w+ = ", "In C++ the type comes first: `unsigned x = …;`."),
    (r"expected unqualified-id", r"\w::new\(",
     "C++ has no `X::new()`. An object is made by the name of its class, as in `Lock(mutex_)`, and a Runnable by "
     "`Runnable::from_raw(task)`."),
    (r"", r"\bready!\(", "C++ has no `ready!`. Ask the Poll yourself: `if (x.is_pending()) { return Pending; }`."),
    (r"", r"\.lock\(\)\.unwrap\(\)", "A mutex is locked by making a Lock: `Lock lock(mutex_);`."),
    (r"", r"\bvec!\[", "In C++ a vector of `n` zeros is `std::vector<T> x(n);`."),
    (r"", r"\bformat!\(", "In C++ it is `fmt::format(\"{}\", x)`."),
    (r"", r"\bpin!\(", "C++ has no `pin!`. A future that is a variable of a coroutine stays where it is."),
    (r"", r"\b(join|select)!", "Here join and select are functions, and you await what they return: `co_await join(a, b)`."),
    (r"", r"\[[^\[\].]*\.\.(?!\.)", "C++ has no slices with `..`. A part of a text is `text.substr(first, count)`, and the first `n` chars of "
     "an array are `std::string_view(memory, n)`."),
    (r"", r"[=(]\s*&?\[\s*[\w']+\s*;", "In C++ an array is a variable with a size: `char memory[n];`."),
    (r"", r"^\s*[a-z]\w*\[\w+\] \w+;", "In C++ the size of an array follows its name: `char memory[n];`."),
    (r"", r"\(\(\)\)", "C++ has no `()`. A Poll<void> that is ready is `Ready()`, and a coroutine ends with `co_return;`."),
    (r"", r"\bwhile \([^;()]*(\([^()]*\))?[^;()]*;", "In C++ the variable is the condition: `while (Chunk chunk = co_await …) { … }`."),
    (r"", r"\bfor (\w+|\([\w, ]+\)) in\b", "In C++ it is `for (auto& x : v) { … }`."),
    (r"", r"\b\d+(usize|[iu](8|32|64))\b", "In C++ no type follows a number. Write `0`."),
    (r"", r"\bb'", "In C++ a char is written without the `b`."),
    (r"(member reference base type|non-class type) 'bool'", r"\.take\(",
     "`std::exchange(flag, false)` returns the old value of a flag, and sets it to false."),
]
