"""Traces drawn as lanes, and what holds for their files."""
import sys
import tempfile
import unittest
from pathlib import Path

from sources import ROOT
from trace_rules import complaints

sys.path.insert(0, str(ROOT / "tools/learn"))
import trace  # noqa: E402  (the course's own)

TRACES = ROOT / "tests/course/traces"

IN_ORDER = """\
red    ██✓
green     ██✓
blue         ██✓
"""

TAKING_TURNS = """\
red    ↻██      ↻██      ↻██      ██✓
green     ↻██      ↻██      ↻██      ██✓
blue         ↻██      ↻██      ↻██      ██✓
"""


def recorded(number: str) -> list:
    return trace.read(TRACES / f"{number}.json")


def event(phase: str, tid: int, ts: float, name: str = "", **more) -> dict:
    return {"ph": phase, "pid": 1, "tid": tid, "ts": ts, "name": name, **more}


def thread(tid: int, name: str) -> dict:
    return {"ph": "M", "pid": 1, "tid": tid, "name": "thread_name", "args": {"name": name}}


def poll(tid: int, ts: float, task: int, result: str, name: str = "", inside: tuple = ()) -> list:
    return [event("B", tid, ts, name or f"task {task}", cat="poll", args={"task": task}), *inside,
            event("E", tid, ts + 1, "", args={"task": task, "result": result})]


class Lanes(unittest.TestCase):
    maxDiff = None

    def lanes(self, events: list) -> str:
        """Without what follows the pictures."""
        lines = trace.draw(events)
        return "\n".join(lines[:lines.index("")]) + "\n"

    def test_lesson_06_in_order(self):
        self.assertEqual(self.lanes(recorded("06")), IN_ORDER)

    def test_lesson_07_taking_turns(self):
        self.assertEqual(self.lanes(recorded("07")), TAKING_TURNS)

    def test_the_words_below(self):
        below = trace.draw(recorded("07"))[4:]
        self.assertEqual(below[0], "█ a poll   ✓ Ready   ↻ wakes itself, to be polled again")
        self.assertRegex(below[1], r"^12 polls of 3 futures, \d+\.\d ms, from left to right\.$")
        self.assertEqual(len(below), 2)

    def test_a_wake_is_an_arrow(self):
        wake = event("X", 1, 5, "wake task 1", dur=0.1, args={"task": 1, "by": 3, "queued": 1})
        events = [thread(1, "main"), *poll(1, 0, 1, "Pending"), *poll(1, 2, 2, "Pending"),
                  *poll(1, 4, 3, "Ready", inside=(wake,)), *poll(1, 7, 1, "exception")]
        self.assertEqual(self.lanes(events), "task 1  ███   ▲  ██✗\n"
                                             "task 2     ███│\n"
                                             "task 3        ◆█✓\n")

    def test_a_sleep_and_who_ends_it(self):
        events = [thread(1, "main"), event("i", 1, 0, "park", s="t"), thread(2, "bell"),
                  event("X", 2, 5, "unpark", dur=0.1), event("s", 2, 5, "wake", id=1, cat="wake"),
                  event("X", 1, 0, "asleep", dur=5, cat="park"), event("f", 1, 5, "wake", id=1, cat="wake", bp="e")]
        self.assertEqual(self.lanes(events), "main  z▲\nbell   ◆\n")

    def test_unnamed_threads_are_counted_without_a_gap_and_a_late_start_is_told(self):
        events = [thread(7, "thread 7"), event("i", 7, 9000, "park"), thread(2, "main"), event("i", 2, 9100, "park"),
                  thread(9, "thread 9"), event("i", 9, 9200, "park")]
        lines = trace.draw(events)
        self.assertEqual([line.split("  ")[0].strip() for line in lines[:3]], ["thread 1", "main", "thread 2"])
        self.assertEqual(lines[-1], "Not drawn: 9.0 ms before the first event. A thread that only spins has no events.")
        self.assertNotIn("Not drawn", "".join(trace.draw(recorded("07"))))

    def test_several_threads_have_numbers(self):
        events = [thread(1, "worker 1"), thread(2, "worker 2"), *poll(1, 0, 1, "Ready"), *poll(2, 2, 2, "Ready")]
        self.assertEqual(self.lanes(events), "task 1  1█✓\ntask 2     2█✓\n")
        self.assertIn("1 2 3 which thread polls", "\n".join(trace.draw(events)))

    def test_a_task_waits_in_the_queue(self):
        spawns = [event("i", 1, 1, "spawn", s="t", args={"task": task, "name": f"task {task}"}) for task in (2, 3)]
        again = event("X", 1, 8, "wake task 2", dur=0.1, args={"task": 2, "by": 2, "queued": 0})
        events = [thread(1, "main"), *poll(1, 0, 1, "Pending", inside=spawns), *poll(1, 7, 2, "Pending", inside=(again,)),
                  *poll(1, 10, 3, "Ready"), *poll(1, 12, 2, "Ready")]
        self.assertEqual(self.lanes(events), "task 1  ███\n"
                                             "task 2  +··↻██···██✓\n"
                                             "task 3  +·····██✓\n")
        self.assertIn("· waits in the queue", "\n".join(trace.draw(events)))

    def test_a_poll_that_never_ended(self):
        spawn = event("i", 1, 3, "spawn", s="t", args={"task": 3, "name": "task 3"})
        events = [thread(1, "main"), *poll(1, 0, 1, "Pending"), poll(1, 2, 2, "Ready")[0], spawn]
        self.assertEqual(self.lanes(events), "task 1  ███\ntask 2     █\ntask 3     +\n")

    def test_long_traces_fit_the_screen(self):
        events = [thread(1, "main")]
        for turn in range(400):
            events += poll(1, 2 * turn, turn % 70 + 1, "Pending", name="a task with quite a long name " + str(turn % 70 + 1))
        for width in (60, 80):
            lines = trace.draw(events, width=width)
            self.assertLessEqual(max(map(len, lines)), width)
            self.assertLess(len(lines), 70)
        self.assertIn("more steps are not drawn.", "\n".join(trace.draw(events)))

    def test_what_is_no_trace_is_said_in_a_sentence(self):
        with tempfile.TemporaryDirectory() as folder:
            for text, words in (("{}", "not a list of events"), ("[1]", "not a list of events"), ("[{", "is not a trace")):
                path = Path(folder, "x.json")
                path.write_text(text)
                with self.assertRaisesRegex(ValueError, words):
                    trace.read(path)
            with self.assertRaisesRegex(ValueError, "can't be read"):
                trace.read(Path(folder, "none.json"))

    def test_the_recorded_traces_are_valid(self):
        for number in ("06", "07"):
            self.assertEqual(complaints(recorded(number)), [])


if __name__ == "__main__":
    unittest.main()
