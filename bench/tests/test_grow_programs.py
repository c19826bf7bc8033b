"""The demo's and the grow section's programs: what they say, and that what they count is what happens.

    cmake --build build/bench --target demo grow && python3 bench/tests/test_grow_programs.py
"""
# needs: the bench's build
import os
import re
import subprocess
import sys
import unittest
from pathlib import Path

BENCH = Path(__file__).resolve().parents[1]
BUILD = Path(os.environ.get("PBP_BENCH_BUILD") or BENCH.parent / "build" / "bench")
sys.path.insert(0, str(BENCH))
sys.path.append(str(BENCH.parent / "tools" / "learn"))

from run import demo, locked    # noqa: E402
from run.children import Children    # noqa: E402

BUILT = BUILD / "bin"


class Demo(unittest.TestCase):
    def test_say_such_lines(self):
        for name in ("rt", "rt_shared"):
            if not (BUILT / "demo" / name).exists():
                self.skipTest("not built: cmake --build build/bench --target demo")
            run = subprocess.run([BUILT / "demo" / name, "demo", "--clients", "3"], capture_output=True, text=True, timeout=60)
            self.assertGreater(demo.figures_of(run.stdout, 3)["kB"], 500)

    def test_rt_has_the_standard_library_in_itself(self):
        if not (BUILT / "demo" / "rt").exists():
            self.skipTest("not built: cmake --build build/bench --target demo")
        libraries = subprocess.run(["ldd", BUILT / "demo" / "rt"], capture_output=True, text=True).stdout
        for name in ("stdc++", "fmt", "gcc_s"):
            self.assertNotIn(name, libraries)


class Grow(unittest.TestCase):
    def program(self, name: str) -> str:
        if not (BUILT / "grow" / name).exists():
            self.skipTest("not built: cmake --build build/bench --target grow")
        return str(BUILT / "grow" / name)

    def counts(self, *words) -> list:
        run = subprocess.run([self.program("contended"), *map(str, words)], capture_output=True, text=True, timeout=60)
        return list(map(int, re.findall(r"\d+", run.stdout)))

    def test_more_operations_lock_more(self):
        few, many = self.counts("yield_1000", 10_000, 1), self.counts("yield_1000", 20_000, 1)
        each = (many[0] - few[0]) / 10_000
        self.assertGreater(each, 0.9)       # a wake writes the task's word
        self.assertLess(each, 20)

    def test_one_worker_moves_nothing(self):
        few, many = self.counts("spawn_await", 10_000, 1), self.counts("spawn_await", 20_000, 1)
        self.assertLess(abs(many[1] - few[1]) / 10_000, 0.01)

    def test_measures_answer_as_the_micro_programs_do(self):
        for name in ("rt", "asio"):
            program = self.program(name)
            self.assertEqual(subprocess.run([program, "list"], capture_output=True, text=True).stdout.split(),
                             ["tasks", "timers", "deep_wake"])
            for measure in ("tasks", "timers", "deep_wake"):
                for count in (1, 100):
                    said = subprocess.run([program, measure, str(count)], capture_output=True, text=True, timeout=60).stdout
                    self.assertRegex(said, rf"^{measure} {count} [1-9]\d* [1-9]\d*\n$")

    def test_the_stand_in_and_the_instructions_agree(self):
        """A mutex is two instructions for one that the stand-in counts, so the latter is less, but not by much."""
        program = BUILT / "micro" / "rt"
        if locked.why_not() or not program.exists():
            self.skipTest(locked.why_not() or "micro/rt is not built")
        few, many = self.counts("spawn_await", 10_000, 2), self.counts("spawn_await", 20_000, 2)
        counted = (many[0] - few[0]) / 10_000
        ran = locked.Counter(Children()).per_operation(str(program), "spawn_await", "multi_thread:2")
        self.assertLessEqual(counted, ran + 0.5)
        self.assertGreater(counted, ran / 2)

    def test_bad_words_are_one_sentence(self):
        for words in ((), ("kettle", 1, 1), ("spawn_await", 0, 1), ("spawn_await", 1, 0), ("block_on_ready", 1, 1)):
            run = subprocess.run([self.program("contended"), *map(str, words)], capture_output=True, text=True)
            self.assertEqual((run.returncode, run.stdout, run.stderr.count("\n")), (2, "", 1))


if __name__ == "__main__":
    unittest.main()
