"""Each micro program has the measures it must have, answers as agreed, and does what its operations say."""
# needs: the bench's build
import os
import re
import shutil
import subprocess
import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("PBP_BENCH_BUILD") or ROOT / "build" / "bench")
sys.path[:0] = [str(ROOT / "bench"), str(ROOT / "tools" / "learn")]

from run.children import Children  # noqa: E402
from run.counted import instructions  # noqa: E402
from run.memory import PARKED, peak_of  # noqa: E402
from run.micro import MEASURES, RUNTIMES, runtime_words  # noqa: E402

ALL = [*MEASURES, *PARKED]
# What one operation is, in events of the runtime: exactly, except for how often yields were needed between.
EVENTS = {
    "spawn_await": {"spawn": 1, "poll": 2, "wake": 1},       # the task, and the one that awaits it
    "spawn_many": {"spawn": 1, "poll": 1},
    "join_set_1000": {"spawn": 1, "poll": 1},
    "yield_1": {"spawn": 0, "poll": 1, "wake": 1},
    "yield_1000": {"spawn": 0, "poll": 1, "wake": 1},
    "block_on_ready": {"spawn": 0, "poll": 0},               # no task: the main future is polled
    "notify_ping_pong": {"spawn": 0, "poll": 2, "wake": 2},  # there and back
    "oneshot_ping_pong": {"spawn": 0, "poll": 2, "wake": 2},
    "spawn_blocking": {"spawn": 1, "blocking": 1},
    "timers_create": {"spawn": 0, "timer_set": 1, "timer_fire": 0},
    "timers_cancel": {"spawn": 0, "timer_set": 1, "timer_fire": 0},
    "timers_run": {"spawn": 0, "timer_set": 1, "timer_fire": 1},
    "parked_bytes_future": {"spawn": 1},
    "parked_bytes_coroutine": {"spawn": 1},
}


def built() -> list:
    """(name, path, runtime or None)"""
    listed = BUILD / "programs.txt"
    lines = [line.split("|") for line in listed.read_text().splitlines()] if listed.exists() else []
    found = [(name, path) for kind, name, path, _ in lines if kind == "micro" and path]
    found += [(path.name, str(path)) for path in sorted((BUILD / "rust").rglob("release/*_micro"))]
    return [(name, path, runtime) for name, path in found if os.access(path, os.X_OK)
            for runtime in RUNTIMES.get(name, (None,))]


class MicroPeers(unittest.TestCase):
    def setUp(self) -> None:
        if not built():
            self.skipTest("no micro program is built: ./learn bench --test builds them")

    def run_it(self, path: str, runtime, *words) -> subprocess.CompletedProcess:
        return subprocess.run([path, *map(str, words), *runtime_words(runtime)], text=True,
                              capture_output=True, timeout=60, stdin=subprocess.DEVNULL)

    def test_the_list_is_complete(self):
        for name, path, runtime in built():
            listed = self.run_it(path, runtime, "list").stdout.split()
            self.assertLessEqual(set(listed), set(ALL))
            if name.startswith(("rt", "tokio")):
                self.assertEqual(sorted(listed), sorted(ALL))
            elif name == "asio":
                self.assertEqual(sorted(listed), sorted(set(ALL) - {"parked_bytes_future"}))

    def test_each_measure_answers_as_agreed(self):
        for _, path, runtime in built():
            for measure in self.run_it(path, runtime, "list").stdout.split():
                if measure == "timers_run":
                    continue    # a second and a half each: below, once
                result = self.run_it(path, runtime, measure, 1234)
                self.assertEqual((result.returncode, result.stderr), (0, ""), measure)
                self.assertRegex(result.stdout, rf"^{measure} 1234 [1-9]\d* [1-9]\d*\n$")

    def test_timers_fire_when_they_should(self):
        _, path, runtime = built()[0]
        wall = int(self.run_it(path, runtime, "timers_run", 2000).stdout.split()[2])
        self.assertGreater(wall, 1_200_000_000)     # the last of them 1.2 s after the start
        self.assertLess(wall, 4_000_000_000)

    def test_what_is_not_understood_is_one_sentence(self):
        for _, path, runtime in built():
            for words in (["kettle", 3], ["spawn_await"], ["spawn_await", 0], ["spawn_await", "x"], ["--kettle"]):
                result = self.run_it(path, runtime, *words)
                self.assertEqual((result.returncode, result.stdout), (2, ""), words)
                self.assertEqual(len(result.stderr.splitlines()), 1, result.stderr)
            self.assertEqual(self.run_it(path, "kettle", "list").returncode, 2)


class GrowPeers(unittest.TestCase):
    def test_measures_answer_as_the_micro_programs_do(self):
        program = BUILD / "bin" / "grow" / "rt"
        if not program.exists():
            self.skipTest("not built: ./learn bench --test builds it")
        for measure in ("tasks", "timers", "deep_wake"):
            for count in (1, 100):
                said = subprocess.run([program, measure, str(count)], capture_output=True, text=True, timeout=60).stdout
                self.assertRegex(said, rf"^{measure} {count} [1-9]\d* [1-9]\d*\n$")


class Demo(unittest.TestCase):
    def setUp(self) -> None:
        self.program = BUILD / "bin" / "demo" / "rt"
        if not self.program.exists():
            self.skipTest("not built: ./learn bench --test builds it")

    def test_it_says_such_a_line(self):
        run = subprocess.run([self.program, "demo", "--clients", "3"], capture_output=True, text=True, timeout=60)
        self.assertGreater(peak_of(run.stdout, 3), 500)

    def test_it_contains_the_standard_library(self):
        libraries = subprocess.run(["ldd", self.program], capture_output=True, text=True).stdout
        for name in ("stdc++", "fmt", "gcc_s"):
            self.assertNotIn(name, libraries)


class OneOperation(unittest.TestCase):
    def events(self, measure: str, count: int) -> dict:
        program = BUILD / "bin" / "tests" / "micro-counts"
        if not program.exists():
            self.skipTest("micro-counts is not built: ./learn bench --test builds it")
        text = subprocess.run([program, measure, str(count)], capture_output=True, text=True, timeout=60, check=True).stdout
        return {name: int(number) for name, number in re.findall(r"(\w+) (\d+)", text)}

    def test_is_what_it_says(self):
        for measure in ALL:
            few, many = self.events(measure, 2000), self.events(measure, 4000)
            for event, expected in EVENTS[measure].items():
                with self.subTest(measure=measure, event=event):
                    self.assertAlmostEqual((many[event] - few[event]) / 2000, expected, delta=0.002)

    def test_instructions_grow_with_n_and_only_with_n(self):
        one_thread = {name: (path, runtime) for name, path, runtime in reversed(built())
                      if runtime in (None, "current_thread")}
        if "rt" not in one_thread or not shutil.which("valgrind"):
            self.skipTest("needs micro/rt and valgrind")
        for name, (path, runtime) in one_thread.items():
            for measure in ("spawn_await", "yield_1"):
                with self.subTest(program=name, measure=measure):
                    few, some, many = (instructions(Children(), path, measure, count, runtime) for count in (2000, 4000, 6000))
                    self.assertAlmostEqual((some - few) / (many - some), 1, delta=0.02)
                    self.assertGreater(some - few, 2000 * 100)


if __name__ == "__main__":
    unittest.main()
