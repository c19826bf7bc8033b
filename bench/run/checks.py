"""./learn bench --test: builds every peer that can be built, and runs all tests of bench/tests on them."""
import sys

from console import Progress, green, red, say
from process import run_logged

from .programs import BENCH, ROOT

KINDS = ("echo", "micro", "grow", "threads", "demo", "load", "rust", "tests")


def run_checks(folder) -> int:
    """Each file of tests once; the exit status is 1 if one of them fails."""
    failed = []
    for script in sorted((BENCH / "tests").glob("test_*.py")):
        progress = Progress(script.stem)
        log = folder / f"{script.stem}.log"
        last = [""]

        def remember(line: str) -> None:
            last[0] = line or last[0]

        good = run_logged([sys.executable, "-B", script], log, ROOT, on_line=remember) == 0
        progress.done(green(last[0]) if good else red(last[0]))
        failed += [] if good else [log]
    for log in failed:
        say(f"the whole story: {log.relative_to(ROOT)}")
    return 1 if failed else 0
