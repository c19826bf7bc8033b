"""The text of a C++ source as tokens: brackets and their partners, lambdas, coroutines, statements. For house_rules.py."""
import re

from cpp_text import Token, tokens

OPEN, CLOSE = {"(": ")", "[": "]", "{": "}"}, {")", "]", "}"}
CO_WORDS = {"co_await", "co_return", "co_yield"}
CONTROL = {"if", "while", "for", "switch", "constexpr"}
NAME = re.compile(r"^[A-Za-z_]\w*$")
# Words after which a name is not being declared.
NO_TYPES = CO_WORDS | {"return", "throw", "new", "delete", "else", "goto", "case", "sizeof", "typename", "operator", "not"}


class Source:
    """One file's tokens, with each bracket's partner."""

    def __init__(self, text: str):
        self.tokens: list[Token] = tokens(text)
        self.partner: dict[int, int] = {}
        self.parent: list[int] = []      # of each token: the index of the innermost open bracket around it, or -1
        stack: list[int] = []
        for index, token in enumerate(self.tokens):
            if token.text in CLOSE and stack and OPEN[self.tokens[stack[-1]].text] == token.text:
                opener = stack.pop()
                self.partner[opener], self.partner[index] = index, opener
            self.parent.append(stack[-1] if stack else -1)
            if token.text in OPEN:
                stack.append(index)

    def at(self, index: int) -> str:
        return self.tokens[index].text if 0 <= index < len(self.tokens) else ""

    # Lambdas
    def lambda_parts(self, index: int):
        """(captures?, first parameter, its end, body, its end) if a lambda begins at `index`, else None."""
        if self.at(index) != "[" or index not in self.partner:
            return None
        before = self.at(index - 1)
        if before == "[" or self.at(index + 1) == "[":
            return None                                                  # an attribute
        if re.match(r"^(\w+|\)|\]|\")$", before) and before not in CO_WORDS | {"return", "case", "else"}:
            return None                                                  # a subscript, or an array
        captures = self.partner[index] - index > 1
        here = self.partner[index] + 1
        if self.at(here) == "<":
            here = self.after_angles(here)
        begin = end = here
        if self.at(here) == "(" and here in self.partner:
            begin, end = here + 1, self.partner[here]
            here = end + 1
        while self.at(here) not in ("{", ";", "", ")", "]", "}"):
            here = self.partner.get(here, here) + 1 if self.at(here) in OPEN else here + 1
        if self.at(here) != "{" or here not in self.partner:
            return None
        return captures, begin, end, here, self.partner[here]

    def after_angles(self, index: int) -> int:
        depth = 0
        for here in range(index, min(index + 400, len(self.tokens))):
            depth += {"<": 1, ">": -1}.get(self.at(here), 0)
            if depth == 0:
                return here + 1
        return index + 1

    def inner_bodies(self, begin: int, end: int):
        """Spans of the lambda bodies inside, so that a coroutine is not found in its closures."""
        here = begin
        while here < end:
            parts = self.lambda_parts(here)
            if parts:
                yield parts[3], parts[4]
                here = parts[4]
            here += 1

    def is_coroutine(self, begin: int, end: int) -> bool:
        inner = list(self.inner_bodies(begin + 1, end))
        return any(self.at(here) in CO_WORDS and not any(a < here < b for a, b in inner) for here in range(begin, end))

    def bodies(self):
        """(begin, end) of the body of each coroutine: named functions that return Async, and lambdas."""
        for index, token in enumerate(self.tokens):
            parts = self.lambda_parts(index)
            if parts and self.is_coroutine(parts[3], parts[4]):
                yield parts[3], parts[4]
            if token.text == "Async" and (function := self.function(index)):
                yield function[2], function[3]

    def function(self, index: int):
        """(first parameter, its end, body, its end) if a coroutine that returns Async is defined at `index`, else None."""
        if self.at(index + 1) != "<":
            return None
        here, named = self.after_angles(index + 1), False
        while re.match(r"^(\w+|::)$", self.at(here)):
            named, here = True, here + 1
        if not named or self.at(here) != "(" or here not in self.partner:
            return None
        begin, end = here + 1, self.partner[here]
        body = end + 1
        while self.at(body) in ("const", "noexcept", "override", "final", "requires", "&", "&&"):
            body += 1
        is_one = self.at(body) == "{" and body in self.partner and self.is_coroutine(body, self.partner[body])
        return (begin, end, body, self.partner[body]) if is_one else None

    def statement(self, index: int) -> tuple:
        """(begin, end) of the statement or condition that the token stands in."""
        begin = index
        while begin > 0 and self.at(begin - 1) not in (";", "{", "}"):
            before = self.at(begin - 1)
            if before in ("(", "[") and self.at(begin - 2) in CONTROL:
                break
            begin = self.partner.get(begin - 1, begin - 1) if before in CLOSE else begin - 1
        end = index
        while end < len(self.tokens) and self.at(end) not in (";", "{", "}"):
            if self.at(end) == ")" and self.partner.get(end, begin) < begin:
                break
            end = self.partner.get(end, end) + 1 if self.at(end) in OPEN else end + 1
        return begin, end

    def in_condition(self, index: int) -> bool:
        """Whether the token stands in the parentheses of an if, while, for, or switch."""
        around = self.parent[index]
        while around >= 0 and self.at(around) != "{":
            if self.at(around) == "(" and self.at(around - 1) in CONTROL:
                return True
            around = self.parent[around]
        return False

    def declares(self, begin: int, end: int) -> bool:
        """Whether a variable is declared between the two, as far as the text shows it."""
        for here in range(begin, end):
            if self.at(here) in ("auto", "using", "static", "const"):
                return True
            if NAME.match(self.at(here)) and self.at(here + 1) in ("=", ";", "(", "{", "[", ":"):
                before = here - 1
                while self.at(before) in ("*", "&", "&&"):
                    before -= 1
                if self.at(before) == ">" or (NAME.match(self.at(before)) and self.at(before) not in NO_TYPES):
                    return True
        return False
