"""What each rt/*.hpp adds to a translation unit, after preprocessing: lines of ours, and all lines beside those of <string>.

The first does not depend on the machine; the second is a quotient of two figures of the same library, which hardly does. So
they can be held: build_budget.json has them, and `./learn test course` fails when one has doubled. Takes a second or two.

    python3 -B bench/run/header_weight.py            shows them
    python3 -B bench/run/header_weight.py write      takes the budget anew
"""
import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUDGET = ROOT / "bench" / "build_budget.json"
YARDSTICK = "#include <string>\n"
FLAGS = ("-std=c++20", "-x", "c++", "-DPBP_HAS_ASIO=0")
MARKER = re.compile(r'^# \d+ "(.*)"')
LOOSELY = 2
LIGHT = (50, 0.25)     # what weighs less is held as if it weighed this: a line or two are no doubling


@dataclass(frozen=True)
class Weight:
    ours: int          # lines of the course's headers, those it includes too
    whole: int         # lines of everything

    def beside(self, yardstick: "Weight") -> float:
        return self.whole / max(yardstick.whole, 1)


def folders(root: Path = ROOT) -> list:
    """The include path of the finished runtime, latest lesson first."""
    return sorted((folder for folder in (root / "solutions").glob("[0-9][0-9]-*") if (folder / "rt").is_dir()), reverse=True)


def headers(root: Path = ROOT) -> dict:
    """rt/poll.hpp: its path. Those that need Asio are not weighed: it weighs more than all of them."""
    found = {}
    for folder in reversed(folders(root)):
        for path in sorted(folder.glob("rt/**/*.hpp")):
            text = path.read_text(encoding="utf-8")
            if "<asio" not in text or "PBP_HAS_ASIO" in text:
                found[path.relative_to(folder).as_posix()] = path
    return found


def include_flags(root: Path = ROOT) -> list:
    return [f"-I{folder}" for folder in folders(root)] + os.environ.get("PBP_CXX_FLAGS", "").split()


def weight_of_text(preprocessed: str, root: str) -> Weight:
    """By the marks that say which file a line is of; blank lines weigh nothing."""
    ours = whole = 0
    inside = False
    for line in preprocessed.splitlines():
        mark = MARKER.match(line)
        if mark:
            inside = mark.group(1).startswith(root)
        elif line.strip() and not line.startswith("#"):
            whole += 1
            ours += inside
    return Weight(ours, whole)


def weigh(source: str, compiler: str, root: Path = ROOT, more_flags: tuple = ()) -> Weight:
    run = subprocess.run([compiler, *FLAGS, "-E", *include_flags(root), *more_flags, "-"], input=source, capture_output=True, text=True)
    if run.returncode != 0:
        raise RuntimeError(f"'{source.strip()}' could not be preprocessed:\n{run.stderr[:2000]}")
    return weight_of_text(run.stdout, str(root))


def weigh_all(compiler: str = "", root: Path = ROOT) -> dict:
    """{header: (lines of ours, all lines beside <string>)}"""
    compiler = compiler or os.environ.get("PBP_CXX") or os.environ.get("CXX") or "g++"
    yardstick = weigh(YARDSTICK, compiler, root)
    names = list(headers(root))
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        weights = pool.map(lambda name: weigh(f"#include <{name}>\n", compiler, root), names)
        return {name: (weight.ours, round(weight.beside(yardstick), 2)) for name, weight in zip(names, weights)}


def budget() -> dict:
    return {name: tuple(weight) for name, weight in json.loads(BUDGET.read_text(encoding="utf-8")).items()}


def complaints(found: dict, allowed: dict) -> list:
    """A sentence for each header that weighs more than twice its budget, or has none."""
    wrong = []
    for name, (ours, beside) in found.items():
        if name not in allowed:
            wrong.append(f"<{name}> has no budget yet: run python3 -B bench/run/header_weight.py write")
            continue
        lines, ratio = map(max, allowed[name], LIGHT)
        if ours > LOOSELY * lines:
            wrong.append(f"<{name}> brings {ours} lines of the course's headers into a program, more than twice the {lines} of its "
                         f"budget: include less of them, or {TAKE_ANEW}")
        if beside > LOOSELY * ratio:
            wrong.append(f"<{name}> makes a program {beside:g} times as long as <string> does, more than twice the {ratio:g} of its "
                         f"budget: find a lighter header of the standard library, or {TAKE_ANEW}")
    return wrong


TAKE_ANEW = "if it is worth it, say so in the commit and run python3 -B bench/run/header_weight.py write"


def main(words: list) -> int:
    found = weigh_all()
    if words == ["write"]:
        lines = [f' "{name}": [{ours}, {beside:g}]' for name, (ours, beside) in sorted(found.items())]
        BUDGET.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
        return 0
    if words:
        print("header_weight.py: say nothing, or write", file=sys.stderr)
        return 2
    for name, (ours, beside) in found.items():
        print(f"{name:<28}{ours:>6} lines of ours{beside:>8.2f} x <string>")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
