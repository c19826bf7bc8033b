"""The house rules for coroutines, checked in the text of a source. Each has its reason.

g++ 12 compiles some co_await expressions wrongly, and a coroutine outlives the call that made it. What these rules
refuse either breaks there, or dangles. A deliberate exception carries, on its line or the one before:
`// house-rule: allow <reason>`.

Of the rules in the design one is not looked for: that no custom operator delete counts on being called, as clang leaves
out the frames of coroutines that it can inline. The text of a class does not say whether the class counts on it.

tests/course checks the course's own sources, the loop checks the learner's, and `./learn lint` checks any others.
tests/course/co_await_forms.md shows what g++ 12 makes of each expression.
"""
import re
from dataclasses import dataclass
from pathlib import Path

from coroutine_text import CLOSE, CONTROL, NAME, OPEN, Source

ALLOW = re.compile(r"//\s*house-rule:\s*allow\b[ \t]*(\S.*)?$")

REASONS = {
    "lambda": "g++ 12 destroys a capturing lambda inside a co_await expression twice. Name it before the co_await.",
    "braces": "g++ 12 copies a braced temporary inside a co_await expression bit by bit. Name it before the co_await, or give the "
              "type a constructor and call it with ( ).",
    "list": "g++ 12 compiles co_await inside a { } list wrongly. Await into names first, then make the list.",
    "reference": "A coroutine outlives the call that made it, and what its parameters refer to may not. Take them by value.",
    "closure": "A coroutine that is a capturing lambda reads its captures from the lambda, which is destroyed first. Make them "
               "parameters, or give the lambda to spawn, which keeps it.",
    "fence": "ThreadSanitizer does not model fences. Put the ordering on the atomic operation itself.",
    "condition": "g++ 12 forgets what is awaited in the condition of an if, while, for, or switch if the coroutine declares no "
                 "variable. Name it, as in `if (bool more = co_await f())`.",
    "choice": "g++ 12 destroys the operand of ?: twice if it comes from a co_await. Write an if, or store the awaited value in a variable first.",
    "throw": "g++ 12 destroys an exception twice if it is made from a co_await. Store the awaited value in a variable, then throw.",
    "new": "g++ 12 destroys the argument of new T(…) twice if it comes from a co_await. Store the awaited value in a variable first.",
    "capture": "g++ 12 destroys a lambda's capture twice if it comes from a co_await. Store the awaited value in a variable, then capture that.",
    "lock": "A lock that is held across a co_await stays locked while the task sleeps. End its block before the co_await.",
    "unnamed": "This declares a variable, and locks nothing. Give the lock a name: `Lock lock(mutex_);`.",
    "thread": "After a co_await the task may be on another thread, but this still refers to the first thread's thread_local. Name "
              "the thread_local again.",
    "catch": "Another thread is notified inside this catch, but this thread uses the exception until the catch ends "
             "(ThreadSanitizer reports a race). Store it in a std::exception_ptr, leave the catch, then pass it on by std::move.",
}

# Types that are no aggregates: braces after them make a plain value.
PLAIN = re.compile(r"^(bool|char|int|long|short|unsigned|float|double|size_t|ptrdiff_t|u?int\d+_t|byte|(nano|micro|milli)?"
                   r"seconds|minutes|hours)$")
LOCKS = ("Lock", "lock_guard", "unique_lock", "scoped_lock")
# Calls by which another thread learns that something is there for it.
TELLERS = re.compile(r"^(wake|wake_by_ref|notify_one|notify_all|unpark|store|exchange|compare_exchange_\w+|count_down|release|"
                     r"schedule|send|try_send)$")
KEEPERS = re.compile(r"spawn")   # calls that store the callable they are given


@dataclass(frozen=True)
class Finding:
    line: int
    rule: str

    def text(self) -> str:
        return REASONS[self.rule]


class Rules(Source):
    """Each gives what it finds in one file."""

    def awaits(self):
        """(the co_await, the end of the expression it stands in)."""
        for index, token in enumerate(self.tokens):
            if token.text == "co_await":
                here = index + 1
                while here < len(self.tokens) and self.at(here) != ";" and self.at(here) not in CLOSE:
                    parts = self.lambda_parts(here)
                    if parts:
                        here = parts[4] + 1
                    elif self.at(here) == "{" and self.at(here - 1) == ")":
                        break                                            # if (…) {
                    else:
                        here = self.partner.get(here, here) + 1 if self.at(here) in OPEN else here + 1
                yield index, here

    def temporaries(self):
        for begin, end in self.awaits():
            here = begin + 1
            while here < end:
                parts = self.lambda_parts(here)
                if parts:
                    if parts[0]:
                        yield Finding(self.tokens[here].line, "lambda")
                    here = parts[4]
                elif self.at(here) == "{" and not PLAIN.match(self.at(here - 1)):
                    yield Finding(self.tokens[here].line, "braces")
                here += 1

    def lists(self):
        for index, token in enumerate(self.tokens):
            if token.text != "co_await":
                continue
            around, statement = self.parent[index], False
            while around >= 0 and self.at(around) != "{":
                statement |= self.at(around) == "(" and self.at(around - 1) in CONTROL
                around = self.parent[around]
            if around < 0 or statement:
                continue
            inside = range(around + 1, self.partner.get(around, len(self.tokens)))
            if not any(self.at(here) == ";" and self.parent[here] == around for here in inside):
                yield Finding(token.line, "list")

    def parameters(self, begin: int, end: int):
        """Those that refer to something: T&, T&&, string_view. (A pointer says so itself.)"""
        for here in range(begin, end):
            if self.at(here) in ("&", "&&", "string_view"):
                yield Finding(self.tokens[here].line, "reference")
                return

    def functions(self):
        for index, token in enumerate(self.tokens):
            function = self.function(index) if token.text == "Async" else None
            if function:
                yield from self.parameters(function[0], function[1])

    def closures(self):
        for index in range(len(self.tokens)):
            parts = self.lambda_parts(index)
            if not parts or not self.is_coroutine(parts[3], parts[4]):
                continue
            captures, begin, end, _, _ = parts
            yield from self.parameters(begin, end)
            if captures and not self.is_kept(index):
                yield Finding(self.tokens[index].line, "closure")

    def is_kept(self, index: int) -> bool:
        """An argument of a call that stores it; or named, and its name such an argument."""
        if self.at(index - 1) == "=" and re.match(r"^[A-Za-z_]\w*$", self.at(index - 2)):
            name, end = self.at(index - 2), self.partner.get(self.parent[index], len(self.tokens))
            uses = [here for here in range(index, end) if self.at(here) == name and self.at(here - 1) not in (".", "->")]
            return bool(uses) and all(self.at(here + 1) in (")", ",") and self.is_argument(here) for here in uses)
        return self.is_argument(index)

    def is_argument(self, index: int) -> bool:
        around = self.parent[index]
        while around >= 0 and self.at(around) == "(":
            callee = around - 1
            if self.at(callee) == ">":
                while callee > 0 and self.at(callee) != "<":
                    callee -= 1
                callee -= 1
            if KEEPERS.search(self.at(callee)):
                return True
            around = self.parent[around]
        return False

    def fences(self):
        for token in self.tokens:
            if token.text == "atomic_thread_fence":
                yield Finding(token.line, "fence")

    def conditions(self):
        for begin, end in self.bodies():
            inner = list(self.inner_bodies(begin + 1, end))
            if self.declares(begin, end):
                continue
            for here in range(begin, end):
                if self.at(here) == "co_await" and self.in_condition(here) and not any(a < here < b for a, b in inner):
                    yield Finding(self.tokens[here].line, "condition")

    def copied(self):
        """What g++ 12 copies bit by bit, and then destroys twice."""
        for index, token in enumerate(self.tokens):
            if token.text != "co_await":
                continue
            begin, end = self.statement(index)
            bodies = list(self.inner_bodies(begin, end))
            words = [self.at(here) for here in range(begin, end) if not any(a < here < b for a, b in bodies)]
            for word, rule in (("?", "choice"), ("throw", "throw"), ("new", "new")):
                if word in words:
                    yield Finding(token.line, rule)
            around = self.parent[index]
            while around >= 0 and self.at(around) != "{":
                if self.at(around) == "[" and self.lambda_parts(around):
                    yield Finding(token.line, "capture")
                around = self.parent[around]

    def name_of_lock(self, index: int) -> int:
        """Where the name stands, if a lock is declared at `index`; else 0."""
        if self.at(index) not in LOCKS:
            return 0
        here = self.after_angles(index + 1) if self.at(index + 1) == "<" else index + 1
        return here if NAME.match(self.at(here)) and self.at(here + 1) in ("(", "{") else 0

    def locks(self):
        for index in range(len(self.tokens)):
            here = self.name_of_lock(index)
            if not here:
                continue
            name = self.at(here)
            block = self.parent[index]
            if self.at(block) != "{":
                continue
            end = self.partner.get(block, len(self.tokens))
            inner = list(self.inner_bodies(here, end))
            for later in range(here, end):
                if self.at(later) == name and self.at(later + 1) == "." and self.at(later + 2) == "unlock":
                    break
                if self.at(later) == "co_await" and not any(a < later < b for a, b in inner):
                    yield Finding(self.tokens[later].line, "lock")

    def thread_locals(self) -> set:
        """The names of those that this file declares."""
        names = set()
        for index, token in enumerate(self.tokens):
            if token.text == "thread_local":
                here = index + 1
                while self.at(here) not in ("=", ";", "{", "[", "(", ""):
                    here = self.after_angles(here) if self.at(here) == "<" else here + 1
                if NAME.match(self.at(here - 1)):
                    names.add(self.at(here - 1))
        return names

    def kept_addresses(self):
        """(the name that refers to a thread_local, the end of its declaration): `T* p = &x;` and `T& r = x.y;`"""
        names = self.thread_locals()
        for index, token in enumerate(self.tokens):
            if token.text not in names or self.at(index - 1) in (".", "->"):
                continue
            end = index + 1
            while self.at(end) not in (";", "(", "{", "}", "?", ""):
                end = self.partner.get(end, end) + 1 if self.at(end) == "[" else end + 1
            here = index - 1 if self.at(index - 1) == "&" else index
            if self.at(end) == ";" and self.at(here - 1) == "=" and (here < index or self.at(here - 3) in ("&", "&&")):
                yield here - 2, end

    def unnamed_locks(self):
        """`Lock(mutex_);` is the declaration of an empty lock named mutex_. g++ says nothing of it."""
        for index, token in enumerate(self.tokens):
            begins = next(here for here in range(index - 1, -2, -1) if here < 0 or self.at(here) not in ("rt", "std", "::"))
            is_statement = begins < 0 or self.at(begins) in (";", "{", "}")
            if token.text in LOCKS and is_statement and self.at(index + 1) == "(" and self.at(index + 3) == ")" and \
                    self.at(index + 4) == ";" and NAME.match(self.at(index + 2)):
                yield Finding(token.line, "unnamed")

    def kept_threads(self):
        for name, begin in self.kept_addresses():
            end = self.partner.get(self.parent[name], len(self.tokens))
            inner, has_awaited = list(self.inner_bodies(begin, end)), False
            for here in range(begin, end):
                if any(a < here < b for a, b in inner):
                    continue
                has_awaited |= self.at(here) == "co_await"
                if has_awaited and self.at(here) == self.at(name) and self.at(here - 1) not in (".", "->", "::"):
                    yield Finding(self.tokens[here].line, "thread")
                    break

    def told_exceptions(self):
        for index, token in enumerate(self.tokens):
            body = self.partner.get(index + 1, index) + 1
            if token.text != "catch" or self.at(body) != "{":
                continue
            end = self.partner.get(body, len(self.tokens))
            taken = [here for here in range(body, end) if self.at(here) == "current_exception"]
            for here in range(body, end) if taken else ():
                tells = TELLERS.match(self.at(here)) and self.at(here + 1) == "(" and self.at(here - 1) in (".", "->")
                locks = self.name_of_lock(here)
                until = self.partner.get(self.parent[here] if locks else here + 1, end)
                if (tells and until > taken[0]) or (locks and any(here < there < until for there in taken)):
                    yield Finding(self.tokens[here].line, "catch")
                    break

    def findings(self) -> list:
        found = {*self.temporaries(), *self.lists(), *self.functions(), *self.closures(), *self.fences(), *self.conditions(), *self.copied(),
                 *self.locks(), *self.unnamed_locks(), *self.kept_threads(), *self.told_exceptions()}
        return sorted(found, key=lambda finding: (finding.line, finding.rule))


def allowed(lines: list, line: int) -> bool:
    """A reason on the line itself, or alone on the line before."""
    here = ALLOW.search(lines[line - 1])
    before = ALLOW.search(lines[line - 2]) if line > 1 and lines[line - 2].strip().startswith("//") else None
    return any(mark and mark.group(1) for mark in (here, before))


def check_text(text: str) -> list:
    lines = text.split("\n")
    return [finding for finding in Rules(text).findings() if not allowed(lines, finding.line)]


def check(path: Path, shown: str = "") -> list:
    return [f"{shown or path}:{finding.line}: {finding.text()}" for finding in check_text(path.read_text(encoding="utf-8", errors="replace"))]
