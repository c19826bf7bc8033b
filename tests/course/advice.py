"""Compiles a file that must not compile, and looks for the advice it must get.

    advice.py FILE COMPILER [FLAG ...]

The file's first line says what is expected: `// expect: a sentence of the compiler's output`.
"""
import subprocess
import sys
from pathlib import Path

MARK = "// expect: "


def judge(source: Path, command: list[str]) -> str:
    """What is wrong, or nothing."""
    first = source.read_text(encoding="utf-8").splitlines()[:1]
    if not first or not first[0].startswith(MARK):
        return f"{source.name}: the first line must be '{MARK}<what the compiler must say>'"
    wanted = first[0][len(MARK):].strip()
    run = subprocess.run([*command, "-std=c++20", "-fsyntax-only", str(source)], capture_output=True, text=True)
    output = run.stdout + run.stderr
    if run.returncode == 0:
        return f"{source.name} compiles, and it must not.\nexpected advice: {wanted}"
    if " ".join(wanted.split()) not in " ".join(output.split()):
        return f"{source.name} does not compile, but without its advice.\nexpected: {wanted}\nfound:\n{output[-6000:]}"
    return ""


def main(arguments: list[str]) -> int:
    if len(arguments) < 2:
        print("advice.py: say advice.py FILE COMPILER [FLAG ...]", file=sys.stderr)
        return 2
    wrong = judge(Path(arguments[0]), arguments[1:])
    if wrong:
        print(wrong)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
