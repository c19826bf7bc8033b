"""One step, which is built already, judged as the learner's loop judges it after a save: prints the seconds.

    loop_step.py COURSE FOLDER STEP     COURSE: a copy of the course whose mine/ is complete; FOLDER: its build folder

A program of its own, as the loop's modules belong to that copy.
"""
import os
import sys
import time
from pathlib import Path


def judged(course: Path, folder: Path, step_id: str) -> float:
    sys.path.insert(0, str(course / "tools" / "learn"))
    import judge
    import lessons
    from machine import Machine
    step = lessons.step_named(step_id)
    loop = judge.Judge(folder, Machine())
    for header in sorted((course / "mine" / step.lesson).rglob("*.hpp")):
        os.utime(header)
    begin = time.monotonic()
    verdict = loop.judge(step)
    if verdict.state != judge.GREEN:
        sys.exit(f"{step_id} is {verdict.state}: {verdict.title}")
    return time.monotonic() - begin


if __name__ == "__main__":
    print(judged(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]))
