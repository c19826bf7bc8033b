"""C++ text as the checks read it: without comments and literals, line numbers kept."""
import re
from dataclasses import dataclass

LITERAL = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"(?P<tag>[^()\\\s]{0,16})\(.*?\)(?P=tag)"|"(?:\\.|[^"\\\n])*"'
    r"|(?<![0-9A-Za-z_])'(?:\\.|[^'\\\n])+'", re.S)


def without_literals(text: str) -> str:
    """Comments become blanks, strings become "" and blanks; every line stays where it is."""
    def blank(match) -> str:
        found = match.group(0)
        blanks = re.sub(r"[^\n]", " ", found)
        return blanks if found.startswith("/") else '"' + blanks[1:-1] + '"' if len(found) > 1 else blanks
    return LITERAL.sub(blank, text)


@dataclass(frozen=True)
class Token:
    text: str
    line: int


TOKEN = re.compile(r"\n|[A-Za-z_]\w*|\d[\w.']*|->|::|&&|==|!=|<=|>=|\+\+|--|\S")


def tokens(text: str) -> list:
    """Names, numbers and signs of C++ text; preprocessor lines are left out."""
    clean = without_literals(text)
    clean = re.sub(r"(?m)^[ \t]*#(?:[^\n\\]|\\\n|\\.)*", lambda m: re.sub(r"[^\n]", " ", m.group(0)), clean)
    found, line = [], 1
    for match in TOKEN.finditer(clean):
        if match.group(0) == "\n":
            line += 1
        else:
            found.append(Token(match.group(0), line))
    return found
