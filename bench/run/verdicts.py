"""What came of each goal: met, missed, or too close to call.

Another run gives another ratio of two medians. How far the ratio may be off is taken from the rounds, as the ratios that the
quartiles of both sides allow: from our lower quartile over the peer's upper one, to our upper over the peer's lower. If the goal's
line lies between them, the goal is too close to call, whatever the medians say. One round alone has no spread, and neither
has a count, so there the figure decides.
"""
from dataclasses import dataclass
from typing import Optional

from .goals import GOALS, Goal
from .section import Outcome, Row, Stat

MET, MISSED, CLOSE = "met", "missed", "too close to call"


@dataclass(frozen=True)
class Verdict:
    goal: Goal
    row: Row
    against: Optional[str]           # the peer's column; None: a fixed figure

    @property
    def line(self) -> float:
        """What the ratio, or the figure, is held against."""
        return self.goal.factor if self.against else float(self.goal.limit or 0)

    @property
    def reached(self) -> Stat:
        """Ours over the peer's, or our figure, and how far that may be off."""
        ours = self.row.values[self.goal.ours]
        return over(ours, self.row.values[self.against]) if self.against else ours

    @property
    def word(self) -> str:
        reached, line = self.reached, self.line
        if reached.low < reached.high and reached.low <= line <= reached.high:
            return CLOSE
        ours = reached.median
        met = ours >= line if self.row.more_is_better else ours < line if self.goal.strictly else ours <= line
        return MET if met else MISSED

    def in_words(self) -> str:
        sign = ">=" if self.row.more_is_better else "<" if self.goal.strictly else "<="
        reached, style = self.reached, ".2f" if self.against else ".4g"
        text = f"{self.goal.ours} is {reached.median:{style}}"
        if self.word == CLOSE:
            text += f" ({reached.low:{style}}–{reached.high:{style}})"
        return f"{text} {f'x {self.against}' if self.against else self.row.unit}; goal {sign} {self.line:g}"


def over(ours: Stat, theirs: Stat) -> Stat:
    def ratio(above: float, below: float) -> float:
        return above / below if below else float("inf")

    return Stat(ratio(ours.median, theirs.median), ratio(ours.low, theirs.high), ratio(ours.high, theirs.low),
                min(ours.count, theirs.count))


def verdicts(outcome: Outcome, goals: Optional[list] = None) -> list:
    """One for each goal of which both sides were measured."""
    found = []
    for goal in GOALS if goals is None else goals:
        row = next((row for row in outcome.rows if row.name == goal.row), None)
        if goal.section != outcome.name or row is None or goal.ours not in row.values:
            continue
        against = row.best(*goal.peers) if goal.peers else None
        if against or not goal.peers:
            found.append(Verdict(goal, row, against))
    return found


def counted(found: list) -> str:
    words = [verdict.word for verdict in found]
    return "Goals: " + ", ".join(f"{words.count(word)} {word}" for word in (MET, MISSED, CLOSE))
