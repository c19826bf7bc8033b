"""One step, which is built already, judged as the learner's loop judges it after a save: prints the seconds, wall and CPU.

    loop_step.py COURSE FOLDER STEP     COURSE: a copy of the course whose mine/ is complete; FOLDER: its build folder

A program of its own, as the loop's modules belong to that copy.
"""
import os
import resource
import sys
import time
from pathlib import Path

def judged(course: Path, folder: Path, step_id: str) -> tuple:
    sys.path.insert(0, str(course / "tools" / "learn"))
    import judge
    import lessons
    from machine import Machine
    step = lessons.step_named(step_id)
    loop = judge.Judge(folder, Machine())
    for header in sorted((course / "mine" / step.lesson).rglob("*.hpp")):
        os.utime(header)
    begin, before = time.monotonic(), cpu()
    verdict = loop.judge(step)
    if verdict.state != judge.GREEN:
        sys.exit(f"{step_id} is {verdict.state}: {verdict.title}")
    return time.monotonic() - begin, cpu() - before


def cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    print(*judged(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]))
