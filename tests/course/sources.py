"""The course's files, and C++ text as the checks read it: without comments and literals, line numbers kept."""
import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROVIDED = "00-provided"


def tracked_files(root: Path = ROOT) -> list:
    """What git has, or would add; outside a clone, everything but what is made."""
    run = subprocess.run(["git", "-C", str(root), "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
                         capture_output=True)
    if run.returncode == 0:
        names = [name for name in run.stdout.decode().split("\0") if name]
        return sorted({root / name for name in names if (root / name).is_file()})
    made = {"build", "mine", ".git", "__pycache__"}
    return sorted(path for path in root.rglob("*")
                  if path.is_file() and not path.is_symlink() and not made & set(path.relative_to(root).parts))


def cpp_files(root: Path = ROOT, *tops: str) -> list:
    """All C++ sources and headers under the given folders of the tree."""
    return sorted(path for top in tops or ("lessons", "solutions", "tests", "bench") for path in (root / top).rglob("*")
                  if path.suffix in (".hpp", ".cpp"))


def lesson_folders(root: Path = ROOT, base: str = "solutions") -> list:
    return sorted(folder for folder in (root / base).glob("[0-9][0-9]-*") if folder.is_dir())


def headers(folder: Path) -> list:
    return sorted((folder / "rt").rglob("*.hpp"))


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


def name_of(path: Path, root: Path = ROOT) -> str:
    return os.path.relpath(path, root)
