"""What a learner is told of a name that nobody has declared: one of Rust's, or one that a class of ours lacks."""
import re

from lessons import ROOT

# Names of Rust, and what stands for them in C++. As a name that nobody has declared:
RUST = {
    "None": "In C++ an empty optional is `std::nullopt`.",
    "Some": "In C++ you put the value itself into an optional: `x = value;`.",
    "Ok": "C++ returns the value itself, and throws an exception for an error.",
    "Err": "C++ throws an exception for an error: `throw std::runtime_error(…);`.",
    "self": "C++ says `this`, which is a pointer: `this->x`, or just `x`.",
    "Self": "C++ has no `Self`. Write the name of the class.",
    "let": "In C++ a variable begins with its type, or with `auto`: `auto x = …;`.",
    "mut": "In C++ a variable may change unless it is `const`. Leave out `mut`.",
    "match": "C++ has no `match`. Use `if (answer.is_ready())`, or `switch` for an enum.",
    "loop": "In C++ an endless loop is `for (;;) { … }`.",
    "drop": "In C++ an object is destroyed at the end of its scope. To destroy it earlier, call `reset()` on the optional or the "
            "pointer that holds it, or `destroy()` on a coroutine_handle, or put it into a scope of its own.",
    "take": "`std::exchange(x, nullptr)` empties a pointer or a handle, and returns what it held.",
    "null": "In C++ it is `nullptr`.",
    "Ordering": "The memory orders are `relaxed`, `acquire`, `release`, `acq_rel`, and `seq_cst`.",
    "fn": "In C++ a function begins with the type that it returns: `int f(int x) { … }`.",
    "impl": "In C++ you write a class's functions inside its braces: `class X { … };`.",
    "pub": "In C++ you write `public:` once, above everything that is public.",
    "use": "In C++ it is `using rt::Poll;`, or `#include` for a file.",
    "Box": "In C++ it is `std::unique_ptr<T>`, made by `std::make_unique<T>(…)`.",
    "MutexGuard": "In C++ a guard is a Lock: `Lock lock(mutex_);`.",
    "Arc": "In C++ it is `std::shared_ptr<T>`, made by `std::make_shared<T>(…)`.",
    "Option": "In C++ it is `std::optional<T>`.",
    "String": "In C++ it is `std::string`.",
    "Result": "C++ returns the value itself, and throws an exception for an error.",
    "Vec": "In C++ it is `std::vector<T>`.",
    "usize": "In C++ it is `std::size_t`.",
    "u8": "In C++ it is `std::uint8_t`. The bytes of a stream are of type `char`.",
    "u64": "In C++ it is `std::uint64_t`.",
    "u32": "In C++ it is `unsigned`, or `std::uint32_t`.",
    "i32": "In C++ it is `int`.",
    "mem": "In C++ `std::mem::replace` is `std::exchange(x, y)`, `std::mem::take` is `std::exchange(x, T())`, and `std::mem::swap` is "
           "`std::swap`.",
    "panic": "C++ has no `panic!`. This course calls `violation(…)` for a broken rule, and throws an exception for an error.",
    "matches": "C++ has no `matches!`. Compare with `==`.",
    "try_join": "This course has no `try_join`. Its `join` waits for all futures, also if one of them throws.",
    "println": "In C++ it is `fmt::print(\"{}\\n\", x);`.",
}
# As a member that a class does not have:
RUST_MEMBERS = {
    "take": "C++ has no take() for this. `std::exchange(x, std::nullopt)` empties an optional and returns what it held.",
    "unwrap": "In C++ it is `value()`, which throws if there is none.",
    "expect": "In C++ it is `value()`, which throws if there is none.",
    "unwrap_or": "In C++ it is `value_or(other)`.",
    "as_mut": "C++ needs no as_mut(). `*x` is the value inside an optional, and `x->f()` calls its function.",
    "as_ref": "C++ needs no as_ref(). `*x` is the value inside an optional, and `x->f()` calls its function.",
    "is_some": "In C++ it is `has_value()`.",
    "is_none": "In C++ it is `!x.has_value()`.",
    "clone": "In C++ a copy is the clone: `waker_ = cx.waker();`.",
    "await": "In C++ it is `co_await x`.",
    "push": "In C++ it is `push_back(x)`.",
    "len": "In C++ it is `size()`.",
    "fetch_update": "C++ has no fetch_update. Write a loop of `compare_exchange_weak`.",
    "compare_exchange": "In C++ it is `compare_exchange_strong`, and its first argument is a variable.",
    "wait_while": "In C++ it is `wait(lock, [this] { return …; })`, which waits until that is true.",
    "wait_timeout": "In C++ it is `wait_until(lock, deadline, [this] { return …; })`, which waits until that is true.",
    "as_bytes": "The bytes of a chunk are its `view()`, and a string becomes a std::string_view by itself.",
    "lock": "A mutex is locked by making a Lock: `Lock lock(mutex_);`.",
    "swap": "An atomic's swap is `exchange(x)` in C++.",
}
# As a member that a string or a container of the library's does not have:
RUST_CONTAINERS = {
    "is_empty": "In C++ it is `empty()`.",
    "last": "In C++ it is `back()`, which doesn't check that there is one.",
    "contains": "In C++ a string is asked with `text.find(x) != std::string::npos`.",
    "push_str": "In C++ it is `append(x)`.",
    "extend": "In C++ a string has `append(x)`.",
    "extend_from_slice": "In C++ a string has `append(memory, n)`.",
    "truncate": "In C++ it is `resize(n)`.",
    "drain": "In C++ it is `erase(0, n)`, which returns nothing of what it erases.",
    "pop": "In C++ it is `back()`, and then `pop_back()`, which returns nothing.",
    "remove": "In C++ it is `erase(first, count)`.",
    "to_string": "In C++ it is `std::string(x)`.",
    "to_owned": "In C++ it is `std::string(x)`.",
    "trim": "C++ has no trim(). `remove_suffix(n)` shortens a string_view.",
    "trim_end": "C++ has no trim(). `remove_suffix(n)` shortens a string_view.",
    "iter": "In C++ you loop over the object itself: `for (auto& x : v) { … }`.",
}
# The classes whose members a row of compile_advice.ADVICE lists.
LISTED = r"(WakerSlot|TaskQueue|WaitList)' has no member|no member named '\w+' in '(rt::)?(WakerSlot|TaskQueue|WaitList)'"
DELETE_THIS = "An object that was made by `new` is destroyed by `delete this;`."
# Where the general answer misleads: the name, what tells the case in the compiler's words or in the learner's line, and the advice.
RUST_CASES = [
    ("drop", r"\bdrop\(\w*lock\w*\)", "Unlock it with `lock.unlock()`, or put the Lock into a scope of its own."),
    ("drop", r"\bdrop\(this\)", DELETE_THIS),
    ("self", r"\bdrop\(self\)", DELETE_THIS),
    ("None", r"\btask_\b", "An empty pointer is `nullptr`."),
    ("is_none", r"\bOutcome<", "An Outcome is asked with `is_empty()`."),
    ("is_some", r"\bOutcome<", "An Outcome is asked with `is_empty()`."),
    ("as_mut", r"(PollFn|Async)<", "A future that must live on is lent with `by_ref(x)`."),
    ("None", r"\bwaker\b", "A pointer that points to nothing is `nullptr`."),
    ("None", r"\bchunk\b", "The end of the stream is an empty chunk: `if (chunk.empty())`."),
    ("None", r"\bfind\(", "find() returns a number, and no optional. If it has found nothing, that is `std::string::npos`."),
    ("take", r"\bWaker' has no member|member named 'take' in '(rt::)?Waker'",
     "A Waker has no take(). `std::move(waker)` takes it out, and leaves an empty one behind."),
]
UNKNOWN = (r"'(\w+)' (?:was not declared|does not name a type|has not been declared|is not a member of)|"
           r"(?:undeclared identifier|unknown type name|no (?:type|template|member) named) '(\w+)'")
NO_MEMBER = r"has no member named '(\w+)'|no member named '(\w+)' in"
# The innermost class.
OURS = r"'(?:(?:const|class|struct) )*rt::(?:\w+::)*(\w+)(?:<.*)?' has no member|no member named '\w+' in '(?:const )?rt::(?:\w+::)*(\w+)"


def advice_on_a_rust_name(words: str, source: str) -> str:
    """'' if the error is not about a name that Rust has."""
    members = {} if re.search(LISTED, words) else RUST_MEMBERS if re.search(OURS, words) else {**RUST_MEMBERS, **RUST_CONTAINERS}
    for pattern, meaning in ((NO_MEMBER, members), (UNKNOWN, RUST)):
        found = re.search(pattern, words)
        name = found and (found[1] or found[2])
        if name in meaning and (name != "take" or meaning is RUST or "optional" in words):
            cases = (advice for case, sign, advice in RUST_CASES if case == name and re.search(sign, f"{words}\n{source}"))
            return next(cases, meaning[name])
    return ""


def header_of(name: str) -> str:
    """The header that defines a class of ours, as it is included, or ''."""
    definition = re.compile(rf"^ *(?:class|struct) (?:\[\[\w+\]\] )?{name}\b[^;]*$", re.M)
    headers = sorted((ROOT / "solutions").glob("*/rt/*.hpp"))
    return next((f"rt/{header.name}" for header in headers if definition.search(header.read_text(encoding="utf-8"))), "")


def advice_on_an_unknown_name(words: str) -> str:
    """'' if all names are known."""
    ours = re.search(OURS, words)
    name = ours and (ours[1] or ours[2])
    header = header_of(name) if name else ""
    if header:
        return f"Is it misspelled, or a member of another object? {name} is defined in {header}."
    return "Is the name misspelled, or is an rt::, a std::, or an #include missing?" if re.search(UNKNOWN, words) else ""
