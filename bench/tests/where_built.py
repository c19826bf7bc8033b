"""Runs a file of tests that needs the bench's programs, if these are built and current; else leaves it out, with a word.

    python3 bench/tests/where_built.py test_peers.py

Exit status 4: left out.
"""
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
BUILD = HERE.parents[1] / "build" / "bench"


def why_not() -> str:
    if not (BUILD / "programs.txt").exists():
        return "the bench is not built"
    kinds = ("micro", "echo", "grow", "demo", "load", "tests")
    plan = subprocess.run(["cmake", "--build", BUILD, "--target", *kinds, "--", "-n"], capture_output=True, text=True)
    return "" if "no work to do" in plan.stdout else "the bench's programs are older than their sources"


if __name__ == "__main__":
    reason = why_not()
    if reason:
        print(f"left out: {reason}; ./learn bench --test builds them and runs these tests")
        sys.exit(4)
    os.execv(sys.executable, [sys.executable, "-B", str(HERE / sys.argv[1])])
