"""The goals and what came of them: met, missed, too close to call. No peer is needed."""
import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "bench"), str(ROOT / "tools" / "learn")]

from run import goals, table, verdicts             # noqa: E402
from run.goals import Goal                                # noqa: E402
from run.section import Outcome, Row, Stat                # noqa: E402
from run.verdicts import CLOSE, MET, MISSED               # noqa: E402


def flat(value: float) -> Stat:
    return Stat(value, value, value)


class Goals(unittest.TestCase):
    def verdict(self, goal: Goal, more_is_better: bool = False, **values):
        row = Row("r", "r", "ns", {name: flat(value) for name, value in values.items()}, more_is_better)
        found = verdicts.verdicts(Outcome("s", "s", [row]), [goal])
        return found[0] if found else None

    def test_a_ratio(self):
        goal = Goal("s", "r", "ours", ("theirs",), 0.5)
        self.assertEqual(MET, self.verdict(goal, ours=50, theirs=100).word)
        self.assertEqual(MISSED, self.verdict(goal, ours=51, theirs=100).word)
        self.assertIn("ours is 0.51 x theirs; goal <= 0.5", self.verdict(goal, ours=51, theirs=100).in_words())

    def test_the_best_of_the_peers_that_are_there(self):
        goal = Goal("s", "r", "ours", ("a", "b", "c"), strictly=True)
        self.assertEqual(self.verdict(goal, ours=5, a=9, b=6).against, "b")
        self.assertEqual(MISSED, self.verdict(goal, ours=6, a=9, b=6).word)

    def test_more_is_better(self):
        goal = Goal("s", "r", "ours", ("a", "b"), 0.9)
        self.assertEqual(self.verdict(goal, True, ours=90, a=100, b=70).against, "a")
        self.assertEqual(MET, self.verdict(goal, True, ours=90, a=100, b=70).word)
        self.assertEqual(MISSED, self.verdict(goal, True, ours=89, a=100, b=70).word)

    def test_a_fixed_figure(self):
        goal = Goal("s", "r", "ours", limit=600)
        self.assertEqual(MET, self.verdict(goal, ours=600).word)
        self.assertIn("ours is 601 ns; goal <= 600", self.verdict(goal, ours=601).in_words())

    def test_nothing_is_said_of_what_was_not_measured(self):
        self.assertIsNone(self.verdict(Goal("s", "r", "ours", ("theirs",)), ours=1))
        self.assertIsNone(self.verdict(Goal("s", "r", "ours", ("theirs",)), theirs=1))
        self.assertIsNone(self.verdict(Goal("s", "q", "ours", ("theirs",)), ours=1, theirs=1))


class Spread(unittest.TestCase):
    """What the rounds leave open is neither met nor missed."""

    def verdict(self, ours: Stat, theirs: Stat, factor: float = 1.0, more_is_better: bool = False, **options):
        row = Row("r", "r", "ns", {"ours": ours, "theirs": theirs}, more_is_better)
        goal = Goal("s", "r", "ours", ("theirs",), factor, **options)
        return verdicts.verdicts(Outcome("s", "s", [row]), [goal])[0]

    def test_the_line_within_the_ratios_of_the_quartiles(self):
        theirs = Stat(100, 98, 101, 5)
        self.assertEqual(self.verdict(Stat(99, 97, 102, 5), theirs, strictly=True).word, CLOSE)
        self.assertEqual(self.verdict(Stat(101, 97, 102, 5), theirs, strictly=True).word, CLOSE)
        self.assertEqual(self.verdict(Stat(99, 97, 102, 5), theirs, more_is_better=True).word, CLOSE)

    def test_by_more_than_the_spread(self):
        theirs = Stat(100, 98, 101, 5)
        self.assertEqual(self.verdict(Stat(110, 105, 112, 5), theirs).word, MISSED)
        self.assertEqual(self.verdict(Stat(90, 89, 92, 5), theirs).word, MET)
        self.assertEqual(self.verdict(Stat(90, 89, 92, 5), theirs, 0.8).word, MISSED)

    def test_what_has_no_spread_is_decided_by_the_figure(self):
        self.assertEqual(self.verdict(flat(100), flat(100)).word, MET)
        self.assertEqual(self.verdict(flat(100), flat(100), strictly=True).word, MISSED)

    def test_a_fixed_figure(self):
        row = Row("r", "r", "bytes", {"ours": Stat(605, 590, 620, 3)})
        found = verdicts.verdicts(Outcome("s", "s", [row]), [Goal("s", "r", "ours", limit=600)])[0]
        self.assertEqual(found.word, CLOSE)
        self.assertEqual(found.in_words(), "ours is 605 (590–620) bytes; goal <= 600")

    def test_the_words_say_how_far_it_may_be_off(self):
        found = self.verdict(Stat(99, 97, 102, 5), Stat(100, 98, 101, 5), strictly=True)
        self.assertEqual(found.in_words(), "ours is 0.99 (0.96–1.04) x theirs; goal < 1")

    def test_counted_apart(self):
        close, met = self.verdict(Stat(99, 97, 102, 5), flat(100)), self.verdict(flat(90), flat(100))
        self.assertEqual(verdicts.counted([close, met, met]), "Goals: 2 met, 0 missed, 1 too close to call")

    def test_in_the_tables(self):
        row = Row("spawn_await", "spawn", "ns", {goals.OURS_ONE: Stat(85, 83, 87, 5), goals.TOKIO_ONE: flat(100)})
        outcome = Outcome("micro", "m", [row])
        self.assertIn("  close  spawn: ", table.for_terminal(outcome))
        self.assertIn("- **too close to call**: spawn: ", table.for_page([outcome]))


if __name__ == "__main__":
    unittest.main()
