"""What the tests are called, and what they must not do."""
import re
from pathlib import Path

from sources import ROOT, name_of

from cpp_text import without_literals
from lessons import GIVEN, TOGETHER

LINE = re.compile(r'\b(TEST_SUITE|TEST_CASE|TEST_CASE_FIXTURE|TEST_CASE_TEMPLATE|SCENARIO)\s*\((?:[^"()]*,)?\s*((?:"(?:\\.|[^"\\])*"\s*)+)')
STRING = re.compile(r'"((?:\\.|[^"\\])*)"')
FILE = re.compile(r"^(\d\d)\.(\d+)-[a-z0-9-]+\.cpp$")
EXERCISE_FILE = re.compile(r"^exercise-[a-z0-9-]+\.cpp$")
NO_STEPS = {GIVEN: "given", TOGETHER: "all together"}
SLEEPS = re.compile(r"\bthis_thread\s*::\s*sleep_\w+|\b(usleep|nanosleep)\s*\(")
PYTHON_SLEEP = re.compile(r"\btime\.sleep\(|\bsleep\(")
ALLOWED = re.compile(r"(//|#)\s*house-rule:\s*allow\s+\S")


def step_files(root: Path) -> list:
    return sorted(path for path in (root / "tests").glob("[0-9][0-9]-*/*.cpp"))


def named_parts(text: str) -> list:
    """(kind, name, line) of every suite and case; neighboring literals are one name."""
    plain = re.sub(r"//[^\n]*", lambda match: " " * len(match.group(0)) if '"' not in match.group(0) else match.group(0), text)
    return [(match.group(1), "".join(STRING.findall(match.group(2))), text.count("\n", 0, match.start()) + 1)
            for match in LINE.finditer(plain)]


def suites_and_cases(root: Path = ROOT) -> list:
    """A comma splits doctest's filter; a suite announces its file's step; ctest must tell cases apart, in any case."""
    wrong: list = []
    seen: dict = {}
    for path in step_files(root):
        shown, match, lesson, suite = name_of(path, root), FILE.match(path.name), path.parent.name[:2], ""
        if match and match.group(1) == lesson:
            begins = f"{lesson}.{match.group(2)} " + (NO_STEPS.get(match.group(2), "") if lesson != "00" else "")
        elif EXERCISE_FILE.match(path.name):
            begins = f"{lesson} exercise "
        else:
            wrong.append(f"{shown}: a test file is called {lesson}.s-what-it-is.cpp")
            continue
        parts = named_parts(path.read_text(encoding="utf-8"))
        if not any(kind != "TEST_SUITE" for kind, _, _ in parts):
            wrong.append(f"{shown} has no test case")
        for kind, name, line in parts:
            if "," in name:
                wrong.append(f"{shown}:{line}: '{name}' holds a comma, which doctest's filter reads as two names")
            if kind == "TEST_SUITE":
                suite = name
                if not name.startswith(begins):
                    wrong.append(f"{shown}:{line}: the suite '{name}' must begin with '{begins}'")
                continue
            if not suite:
                wrong.append(f"{shown}:{line}: '{name}' stands in no suite")
            key = f"{suite}/{name}".lower()
            if key in seen:
                wrong.append(f"{shown}:{line}: '{name}' has the name of another case ({seen[key]})")
            seen[key] = f"{shown}:{line}"
    return wrong


def no_sleeps(root: Path = ROOT) -> list:
    """Tests meet at latches and stop the clock; they never wait for time to pass."""
    wrong = []
    for path in sorted((root / "tests").rglob("*")):
        cpp = path.suffix in (".cpp", ".hpp")
        if not cpp and not path.match("program*.py"):
            continue
        text = path.read_text(encoding="utf-8")
        lines = text.split("\n")
        code = without_literals(text) if cpp else re.sub(r"(?m)#.*$", "", text)
        for number, line in enumerate(code.split("\n"), 1):
            if (SLEEPS if cpp else PYTHON_SLEEP).search(line) and not ALLOWED.search(lines[number - 1]) \
                    and not (number > 1 and ALLOWED.search(lines[number - 2])):
                wrong.append(f"{name_of(path, root)}:{number}: sleeps; wait for the event instead (a latch, the paused "
                             "clock, the program's own output)")
    return wrong


def registered_lessons(root: Path = ROOT) -> list:
    return re.findall(r"^add_lesson\((\S+)", (root / "CMakeLists.txt").read_text(encoding="utf-8").replace(")", " "), re.M)


def folders_are_lessons(root: Path = ROOT) -> list:
    """A folder that CMake does not know would never be built."""
    known = {*registered_lessons(root), "00-provided"}
    return [f"{name_of(folder, root)}: CMakeLists.txt has no add_lesson({folder.name})"
            for base in ("lessons", "solutions", "tests") for folder in sorted((root / base).glob("[0-9][0-9]-*"))
            if folder.name not in known]
