"""What the compilers' own words leave out: advice for the errors that learners make. tests/course/compile_errors.md has each."""
import re

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
            "pointer that holds it, or put it into a scope of its own.",
    "null": "In C++ it is `nullptr`.",
    "Ordering": "The memory orders are `relaxed`, `acquire`, `release`, `acq_rel`, and `seq_cst`.",
    "fn": "In C++ a function begins with the type that it returns: `int f(int x) { … }`.",
    "impl": "In C++ you write a class's functions inside its braces: `class X { … };`.",
    "pub": "In C++ you write `public:` once, above everything that is public.",
    "use": "In C++ it is `using rt::Poll;`, or `#include` for a file.",
    "Box": "In C++ it is `std::unique_ptr<T>`, made by `std::make_unique<T>(…)`.",
    "Arc": "In C++ it is `std::shared_ptr<T>`, made by `std::make_shared<T>(…)`.",
    "Option": "In C++ it is `std::optional<T>`.",
    "Vec": "In C++ it is `std::vector<T>`.",
    "usize": "In C++ it is `std::size_t`.",
    "u32": "In C++ it is `unsigned`, or `std::uint32_t`.",
    "i32": "In C++ it is `int`.",
    "mem": "In C++ `std::mem::replace` is `std::exchange(x, y)`, and `std::mem::swap` is `std::swap`.",
    "panic": "C++ has no `panic!`. This course calls `violation(…)` for a broken rule, and throws an exception for an error.",
    "matches": "C++ has no `matches!`. Compare with `==`.",
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
    "compare_exchange": "In C++ it is `compare_exchange_strong`, and its first argument is a variable.",
    "lock": "A mutex is locked by making a Lock: `Lock lock(mutex_);`.",
    "is_done": "In C++ a coroutine_handle is asked with `done()`.",
    "swap": "An atomic's swap is `exchange(x)` in C++.",
}
UNKNOWN = (r"'(\w+)' (?:was not declared|does not name a type|has not been declared|is not a member of)|"
           r"(?:undeclared identifier|unknown type name|no (?:type|template|member) named) '(\w+)'")
NO_MEMBER = r"has no member named '(\w+)'|no member named '(\w+)' in"
VOID_RESULT = r"(invalid use of void expression|deduction of template arguments of '(rt::)?Ready'|argument may not have 'void' type|" \
              r"(cast|conversion) from 'void' to)"
VOID_VALUE = r"('void [^']*' has incomplete type|variable has incomplete type 'void'|deduced type 'void')"
PLAIN_IF = "A plain `if` compiles both branches for every type. Write `if constexpr (…) { … } else { … }`, with the `else`."
# (the compiler's words, the learner's line, advice): the first that fits is added. {} stands for what the last group of the
# first has found.
ADVICE = [
    (r"", r"\bPoll::(Ready|Pending)\b", "In C++ it is `Ready(value)` or `Pending`, without `Poll::`."),
    (r"(different types 'rt::Ready|incompatible operand types|operands to '\?:')", r"\?.*:",
     "Ready and Pending are two types, and both sides of `? :` need one. Use an `if` and two returns."),
    (r"(expected primary-expression before '\.'|unexpected type name|does not refer to a value|expected expression)",
     r"\b[A-Z]\w*\.\w+",
     "A name inside an enum or a class is reached with two colons: `State::done`."),
    (r"expected '\(' (after|before)", r"\b(if|while) [^(]",
     "A condition needs parentheses: `if (x) { … }`. For Rust's `if let Some(d) = deadline`, write `if (deadline)`, and use `*deadline`."),
    (r"(cannot jump from switch statement|jump to case label)", "",
     "A variable in a `case` needs braces around that case: `case State::done: { … }`."),
    (r"(did you forget 'typename'|refer to a type member of a template parameter)", r"::Output\b",
     "C++ can't know that this is a type. Write `OutputOf<F>`, or `typename F::Output`."),
    (r"(cannot be implicitly captured|is not captured|was not captured)", "",
     "The lambda doesn't capture that. Write `[&]` to borrow what is around it, or `[this]` for the members."),
    (r"(PendingType' does not provide a call operator|no match for call to '\(const rt::PendingType\))", "",
     "Pending is an object and not a function. Leave out the parentheses."),
    (r"(non-void function .* should return a value|return-statement with no value)", "",
     "This function returns something. Where a poll yields no value, write `return Ready();`."),
    (r"", r"=\s*\w*(condvar|cond)\w*\.wait\(",
     "wait(lock) returns nothing. It unlocks the lock while it sleeps, and locks it again. Leave out the `=`."),
    (r"no match.* (function|'operator=')|no matching|conversion|cannot|void", r"\bLock\b.*=.*\.lock\(\)",
     "A mutex is locked by making a Lock: `Lock lock(mutex_);`."),
    (VOID_VALUE, r"=.*\.lock\(\)", "A mutex is locked by making a Lock: `Lock lock(mutex_);`."),
    (r"wait_until", r"wait_until\(", "The deadline is an optional. Pass its value: `wait_until(lock, *deadline)`."),
    (r"(construct|emplace)",
     r"emplace\(std::move\(ready\)\)", "emplace wants the value, not the Ready: `emplace(std::move(ready).take())`."),
    (r"(no match for .operator==|invalid operands to binary expression).*Poll<",
     "", "A Poll is not a value. Compare it with Ready(value), or take its value()."),
    (r"(no match for .operator==|invalid operands to binary expression)", r"\*this\s*[!=]=",
     "This class has no `==` that fits. Compare the members."),
    (r"expected .\}|expected unqualified-id|function definition is not allowed here|function-definition is not allowed here|at end of input",
     r"^\s*(\}|namespace|$)|\)\s*(const)?\s*\{", "Is a closing brace `}` missing, here or further up?"),
    (r"no matching function for call to .(std::)?invoke", "",
     "The callable doesn't take these arguments as they are. Move what can only be moved: std::move(arg), or std::move(args)... for "
     "a pack."),
    (r"empty parentheses (were disambiguated|interpreted) as a function decl", "",
     "This declares a function. Give the variable its arguments: `Lock lock(mutex_);`."),
    (r"expected .;.", r"\bPending\s*\{", "Pending is an object and not a class. Leave out the braces."),
    (r"expected .;.", r"^\s*match\b", RUST["match"]),
    (r"(expected .;.|'(const )?std::tuple<)", r"\w\.\d", "Rust's `x.0` is `std::get<0>(x)` for a tuple or a variant."),
    (r"expected .;.", r"\.\.\.\s*;", "A pack is repeated inside of parentheses: `(use(xs), ...)`."),
    (r"expected .;.", "", "A semicolon is missing at the end of the statement before. If it is the function's result, it also needs a "
     "`return`."),
    (r"(await expressions are not permitted in handlers|'co_await' cannot be used in the handler)", "",
     "C++ allows no co_await inside of a `catch`. Leave the handler empty, or note there what has happened, and await behind it."),
    (r"(cannot convert|no viable conversion from) '(const )?(rt::)?sys::Fd' to 'int'", "",
     "A system call takes the descriptor's number: `socket.get()`."),
    (r"(cannot convert|no viable conversion from) '(const )?(std::)?(basic_)?string\b.* to '(const )?char ?\*'", "",
     "This function takes a `const char*`. A string has one: `text.c_str()`."),
    (r"(no return statement|does not return a value|control reaches end)", "",
     "Not every path through the function returns a value. (An `operator=` ends with `return *this;`.)"),
    (r"(unable to find the promise type|cannot be a coroutine)", "",
     "A function that uses co_await is a coroutine. It must return an `rt::Async<T>`."),
    (r"(could not convert|no viable conversion).*rt::Async<|return statement not allowed in coroutine", "",
     "A coroutine returns with `co_return`."),
    (r"(Waker.*discards qualifiers|'wake' (is an lvalue|has type))", "",
     "wake() gives the waker away. Call std::move(waker).wake() for your own waker, and wake_by_ref() for a borrowed one."),
    (r"(passing '(?!const )[^']*' as 'this' argument discards qualifiers|is an lvalue, but function has rvalue ref-qualifier)", "",
     "A function marked && works only on an object that you give away: std::move(x).f()."),
    (r"(discards qualifiers|not marked const|drops 'const' qualifier|in read-only object|within const member function)", "",
     "A const object can't be changed. Is a const missing after a function, or is there one too many?"),
    (r"(use of deleted function '.*std::optional<.*::operator=\(|object of type '(std::)?optional<.*' cannot be assigned)", "",
     "This type can't be assigned. Build it in place with `emplace`."),
    (r"(no match for .operator=.|no viable overloaded .=.|no matching (member )?function for call to .*emplace)",
     r"\bready\)?\.value\(\)",
     "This type can't be copied, and value() only lends it. Take it out of the Ready: std::move(ready).take()."),
    (r"(use of deleted function .*\(const |call to (implicitly-)?deleted (copy )?constructor)", r"\bfor \((const )?auto \w+ :",
     "`auto` copies each element, and this type can't be copied. Write `auto&`."),
    (r"(use of deleted function .*\(const |call to (implicitly-)?deleted (copy )?constructor)", r"^\s*(const )?auto \w+ =",
     "`auto` copies, and this type can't be copied. Write `auto&` to refer to it, or move it: `std::move(x)`."),
    (r"(use of deleted function .*\(const |call to (implicitly-)?deleted (copy )?constructor)", "",
     "This type can't be copied. Move it, as in `std::move(x)` or `std::move(x).value()`, and don't make it const."),
    (r"(copy|move) assignment operator.*deleted|selected deleted operator .=", "", "This type can't be assigned."),
    (r"(no match for .operator=.|no viable overloaded .=.)", r"=\s*&",
     "`&x` is the address of x. Leave out the `&`, and the assignment copies."),
    (r"(no match for .operator=.|no viable overloaded .=.)", r"\bstd::nullopt\b",
     "Only an optional is emptied by `std::nullopt`. For a pointer or a coroutine_handle it is `nullptr`."),
    (r"(no match for .operator=.|no viable overloaded .=.)", "",
     "The types don't fit, or the value can't be copied. In that case take it: std::move(x).value() or std::move(x)."),
    (r"(is private within this context|is a private member)", "",
     "Only the class itself may use that. Is there a function for it?"),
    (VOID_VALUE, r"\.value\(\)", "value() returns nothing here. Put this line into the `else` of `if constexpr (std::is_void_v<T>)`."),
    (VOID_VALUE, "", "The right side returns nothing, so there is nothing to keep."),
    (r"compare_exchange|cannot bind non-const lvalue reference|non-const lvalue reference", r"compare_exchange",
     "compare_exchange writes to its first argument. Give it a variable of the very type that the Atomic holds, such as "
     "`unsigned expected = …;` for an Atomic<unsigned>."),
    (r"(reference.*'[^']*\*'|\*' to type|from an rvalue of type '[^']*\*)", r"\breturn this\b",
     "`this` is a pointer. Return what it points to: `return *this;`."),
    (r"(non-const (lvalue )?reference|no matching function)", r"\(this\)",
     "A reference is wanted here, and `this` is a pointer. Pass `*this`."),
    (r"(reference.*'[^']*\*'|from an rvalue of type '[^']*\*|cannot convert '[^']*\*' to '[^']*&')", r"[(,]\s*&\w",
     "A reference is wanted here, not a pointer. Leave out the `&`."),
    (r"(invalid initialization of reference of type .*from expression of type '.*\*|reference to type .*could not bind .*type '[^']*\*)", "",
     "A reference is wanted here, not a pointer. `*` in front of a pointer is what it points to."),
    (r"(cannot bind non-const lvalue reference|non-const lvalue reference to type .* cannot bind)", r"\bauto& \w+ = .*\)",
     "The call returns a value, and nothing else keeps it. Leave out the `&`."),
    (r"(cannot bind non-const lvalue reference|non-const lvalue reference to type .* cannot bind)", "",
     "This is written to, so it must be a variable. Name it first."),
    (r"requires 0 arguments, but \d+ (was|were) provided", "", "The function takes no arguments here. Call it with `()`."),
    (r"invalid use of void expression",
     r"(\bf_|\(f_\))\([^;]*\.value\(\)\)", "value() is nothing here, so the function takes no argument. Call it with `()`."),
    (VOID_RESULT, r"Ready(<\w*>)?\((std::move\(\w+\)|\w+)\.value\(\)",
     "value() returns nothing for a Poll<void>, so it can't be passed on. Return the whole answer, or handle void in a branch of its "
     "own with `if constexpr`."),
    (VOID_RESULT, "", "The function that is called returns nothing here. Put this line into the `else` of "
     "`if constexpr (std::is_void_v<U>)`, where U is the type that the function returns."),
    (r"(return-statement with a value, in function returning 'void'|void function '[^']*' should not return a value)", r"\.take\(\)",
     "Nothing may be returned here if the type is void. `return static_cast<T>(…);` with the type that the function returns is right "
     "for both, because a cast to void drops the value."),
    (r"(could not convert|no viable conversion).*Ready<(void)?>", "", PLAIN_IF),
    (r"(no match for call to .*std::optional<|no known conversion from '(const )?std::optional<.*' to)", "",
     "You pass the optional itself. `*` in front of it is its value."),
    (r"(cannot convert '[^']*std::optional<.*' to 'bool'|no viable conversion .*std::optional<.*'bool')", "",
     "An optional doesn't convert to bool here. Ask it with has_value()."),
    (r"(no matching function for call to '.*::park\(\)|single argument 'deadline' was not specified)", "",
     "park needs a deadline. Pass std::nullopt if there is none."),
    (r"std::optional<.*' has no member named '(\w+)'|no member named '(\w+)' in 'std::optional<", "",
     "{} belongs to the value inside the optional. Use an arrow instead of the dot: `->{}`."),
    (r"(reference to non-static member function must be called|invalid use of (non-static )?member function)", "",
     "A function is called with parentheses: `f()`."),
    (r"(from '<brace-enclosed initializer list>' to 'rt::Poll<|no matching constructor for initialization of '(rt::)?Poll<)", "",
     "An answer has a name. Return Pending, Ready(), or Ready(value)."),
    (r"(requires template arguments|missing template arguments before)", r"\bReady\b",
     "Pending is an object, but Ready is a class. `return Ready();` makes one."),
    (r"(which is of pointer type|member reference type .* is a pointer|member reference base type '[^']*\*')", "",
     "This is a pointer. Use an arrow instead of the dot: `->`."),
    (UNKNOWN, "", "Is the name misspelled, or is an rt::, a std::, or an #include missing?"),
    (r"(No such file or directory|file not found)", "",
     "No lesson up to this one has a header of that name. Is it misspelled?"),
]


def advice_on(words: str, source: str = "") -> str:
    """One or two sentences, '' where the compiler's own words are good enough."""
    for pattern, meaning in ((NO_MEMBER, RUST_MEMBERS), (UNKNOWN, RUST)):
        found = re.search(pattern, words)
        name = found and (found[1] or found[2])
        if name in meaning and (name != "take" or "optional" in words):
            return meaning[name]
    for pattern, line, advice in ADVICE:
        found = re.search(pattern, words)
        if found and re.search(line, source):
            return advice.replace("{}", found[found.lastindex or 0] or "")
    return ""
