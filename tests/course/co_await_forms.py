"""What a compiler makes of each line of co_await_forms.md, under AddressSanitizer.

    co_await_forms.py COMPILER
"""
import os
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import child_processes
from sources import ROOT, lesson_folders

PAGE = ROOT / "tests/course/co_await_forms.md"
SECTION = re.compile(r"^## (Right|Wrong|Not compiled): (\w+)\n\n```cpp\n(.*?)^```$", re.S | re.M)
PRELUDE = re.compile(r"^## What they use\n\n```cpp\n(.*?)^```$", re.S | re.M)
MAIN = """
int main(int, char** argv) {
    using Form = rt::Async<> (*)();
    const Form forms[] = {%s};
    try {
        rt::block_on(forms[std::atoi(argv[1])]());
    } catch (...) {
        good = false;
    }
    return good && live == 0 ? 0 : 1;
}
"""


@dataclass(frozen=True)
class Form:
    verdict: str    # of g++ 12.2
    rule: str       # that ./learn lint reports, or "none"
    code: str

    def function(self, number: int) -> str:
        return f"rt::Async<> form_{number}() {{ {self.code} }}\n"


def forms() -> list:
    return [Form(verdict, rule, line) for verdict, rule, lines in SECTION.findall(PAGE.read_text(encoding="utf-8"))
            for line in lines.splitlines()]


def build(tried: list, compiler: str, folder: Path) -> str:
    """The program that runs the form with the given number. "" if it isn't compiled."""
    source, program = folder / "forms.cpp", folder / "forms"
    (prelude,) = PRELUDE.findall(PAGE.read_text(encoding="utf-8"))
    text = "".join(form.function(number) for number, form in enumerate(tried))
    names = ", ".join(f"form_{number}" for number in range(len(tried)))
    source.write_text(prelude + text + MAIN % names, encoding="utf-8")
    flags = ["-std=c++20", "-g1", "-w", "-fsanitize=address", *os.environ.get("PBP_CXX_FLAGS", "").split()]
    includes = [f"-I{name}" for name in reversed(lesson_folders())]
    command = [compiler, *flags, *includes, source, "-o", program, "-lfmt", "-pthread"]
    return str(program) if child_processes.run(command)[0] == 0 else ""


def is_right(program: str, number: int) -> bool:
    return subprocess.run([program, str(number)], capture_output=True, timeout=60).returncode == 0


def problems(compiler: str) -> list:
    """Where the page and the compiler differ."""
    is_gcc = "clang" not in compiler
    is_gcc_12 = is_gcc and child_processes.run([compiler, "-dumpfullversion", "-dumpversion"])[1].startswith("12.")
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(os.cpu_count()) as pool:
        refused = [form for form in forms() if form.verdict == "Not compiled" and (is_gcc_12 or is_gcc and form.rule == "choice")]
        tried = [form for form in forms() if form not in refused]
        program = build(tried, compiler, Path(folder))
        if not program:
            return [f"{compiler} does not compile the forms that it should"]
        right = list(pool.map(lambda number: is_right(program, number), range(len(tried))))
        found = [f"{compiler} makes this {'right' if is_good else 'wrong'}: {form.code}" for form, is_good in zip(tried, right)
                 if is_good != (form.verdict == "Right" or not is_gcc_12)]
        return found + [f"{compiler} compiles this: {form.code}" for form in refused if build([form], compiler, Path(folder))]


if __name__ == "__main__":
    print("\n".join(problems(sys.argv[1] if len(sys.argv) > 1 else "g++")))
