"""What each step's test, the programs and the harness give the compiler to read: lines after preprocessing, beside <string>'s.

From an edit to a verdict a step's test is compiled anew, and a clean build compiles all of them. Their seconds are the machine's;
these figures hardly depend on it, so they can be held: `./learn test course` fails when one has doubled. What they do not see is
work that is not lines: templates, sanitizers, the optimizer.

    python3 -B bench/run/source_weight.py            shows them
    python3 -B bench/run/source_weight.py write      takes the budget anew
"""
import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from run.header_weight import LOOSELY, ROOT, YARDSTICK, weigh    # noqa: E402

BUDGET = ROOT / "bench" / "build_budget_sources.json"
ALL = "clean build"


def sources(root: Path = ROOT) -> dict:
    """Whose verdict waits for which files: {"08.1": [path, …], "programs": …, "harness": …}."""
    found: dict = {}
    for path in sorted((root / "tests").glob("[0-9][0-9]-*/[0-9][0-9].[0-9]*-*.cpp")):
        found.setdefault(path.name.partition("-")[0], []).append(path)
    found["programs"] = sorted((root / "solutions").glob("[0-9][0-9]-*/*.cpp"))
    found["harness"] = sorted((root / "tests" / "support").glob("*.cpp"))
    return found


def weigh_all(compiler: str = "", root: Path = ROOT) -> dict:
    """{"08.1": times <string>}, and that of all together."""
    compiler = compiler or os.environ.get("PBP_CXX") or os.environ.get("CXX") or "g++"
    yardstick = weigh(YARDSTICK, compiler, root)

    def beside(path: Path) -> float:
        return weigh(f'#include "{path}"\n', compiler, root, (f"-I{root / 'tests'}",)).beside(yardstick)
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        found = {name: round(sum(pool.map(beside, paths)), 1) for name, paths in sources(root).items()}
    return {**found, ALL: round(sum(found.values()), 1)}


def budget() -> dict:
    return json.loads(BUDGET.read_text(encoding="utf-8"))


def complaints(found: dict, allowed: dict) -> list:
    """A sentence for each that weighs more than twice its budget, or has none."""
    anew = "python3 -B bench/run/source_weight.py write"
    return [f"{name} has no budget yet: run {anew}" if name not in allowed else
            f"{name} gives the compiler {weight:g} times as much to read as <string> does, more than twice the {allowed[name]:g} of "
            f"its budget: include less, or if it is worth it, say so in the commit and run {anew}"
            for name, weight in found.items() if name not in allowed or weight > LOOSELY * allowed[name]]


def main(words: list) -> int:
    if words not in ([], ["write"]):
        print("source_weight.py: say nothing, or write", file=sys.stderr)
        return 2
    found = weigh_all()
    if words:
        BUDGET.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    else:
        for name, weight in found.items():
            print(f"{name:<14}{weight:>8.1f} x <string>")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
