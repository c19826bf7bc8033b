"""The loop's section: what is copied, what is judged, what a red step is.

    python3 bench/tests/test_loop.py
"""
import os
import subprocess
import sys
import tempfile
import unittest
import unittest.mock
from pathlib import Path

BENCH = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(BENCH))
sys.path.append(str(BENCH.parent / "tools" / "learn"))

from run import goals, loop      # noqa: E402

STEP = BENCH / "run" / "loop_step.py"
JUDGE = """
import pathlib
GREEN = "green"
class Judge:
    def __init__(self, folder, machine):
        self.notes = pathlib.Path(folder) / "judged"
    def judge(self, step):
        with self.notes.open("a") as notes:
            notes.write(step.id + "\\n")
        class Verdict:
            state, title = pathlib.Path(self.notes.parent, "state").read_text(), "a case"
        return Verdict
"""
LESSONS = """
def step_named(word):
    class Step:
        id, lesson = word, "01-poll"
    return Step
"""


class Copy(unittest.TestCase):
    def test_mine_is_solved_and_nothing_old_stays(self):
        with tempfile.TemporaryDirectory() as folder, unittest.mock.patch.object(loop, "COURSE", Path(folder)):
            old = Path(folder, "mine", "01-poll", "old.hpp")
            old.parent.mkdir(parents=True)
            old.touch()
            loop.copy_course()
            self.assertFalse(old.exists())
            mine, solution = Path(folder, "mine/01-poll/rt/poll.hpp"), BENCH.parent / "solutions/01-poll/rt/poll.hpp"
            self.assertEqual(mine.read_bytes(), solution.read_bytes())
            self.assertEqual(int(mine.stat().st_mtime), int(solution.stat().st_mtime))     # nothing is built anew for a copy

    def test_every_step_has_its_goal(self):
        held = {goal.row: goal.limit for goal in goals.LOOP}
        self.assertEqual(set(held), set(loop.steps()))
        self.assertEqual((held["07.1"], held["08.1"]), (1.0, 2.0))


class Judged(unittest.TestCase):
    """loop_step.py, on a judge that stands in for the loop's."""

    def run_step(self, state: str):
        with tempfile.TemporaryDirectory() as folder:
            course, tools = Path(folder), Path(folder, "tools", "learn")
            header = course / "mine" / "01-poll" / "rt" / "poll.hpp"
            for place in (tools, header.parent):
                place.mkdir(parents=True)
            for name, text in {"judge": JUDGE, "lessons": LESSONS, "machine": "Machine = object"}.items():
                (tools / f"{name}.py").write_text(text, encoding="utf-8")
            (course / "state").write_text(state)
            header.touch()
            os.utime(header, (1, 1))
            run = subprocess.run([sys.executable, "-B", STEP, course, course, "01.1"], capture_output=True, text=True)
            return run, header.stat().st_mtime, (course / "judged").read_text().split()

    def test_a_step_is_judged_after_a_save(self):
        run, touched, judged = self.run_step("green")
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertEqual(len(run.stdout.split()), 2)
        self.assertGreater(touched, 1)
        self.assertEqual(judged, ["01.1"])

    def test_a_red_step_has_no_time(self):
        run, _, _ = self.run_step("red")
        self.assertEqual((run.returncode, run.stdout), (1, ""))
        self.assertIn("01.1 is red: a case", run.stderr)


if __name__ == "__main__":
    unittest.main()
