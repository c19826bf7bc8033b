"""What ours must reach, as data: the one place that knows. The table marks each as met or missed.

A goal compares the figure of one of our columns with the best of some peers' columns in the same row, or with a fixed
figure. Like is compared with like: our current_thread with Tokio's, our multi_thread with Tokio's.
"""
from dataclasses import dataclass
from typing import Optional

from .section import Outcome, Row

OURS_ONE, OURS_MANY = "rt current_thread", "rt multi_thread:2"
TOKIO_ONE, TOKIO_MANY = "tokio current_thread", "tokio multi_thread:2"


@dataclass(frozen=True)
class Goal:
    section: str
    row: str
    ours: str                        # column
    peers: tuple = ()                # columns; the best of those that were measured counts. Empty: `limit` is the goal.
    factor: float = 1.0              # ours <= factor * peer; where more is better, ours >= factor * peer
    limit: Optional[float] = None    # ours <= limit, in the row's unit
    strictly: bool = False           # < instead of <=: ahead of, not as good as


@dataclass(frozen=True)
class Verdict:
    goal: Goal
    row: Row
    ours: float
    against: Optional[str]           # the peer's column; None: a fixed figure
    bound: float                     # what ours is held against
    met: bool

    @property
    def ratio(self) -> float:
        """Ours to the peer's, or to the fixed figure."""
        theirs = self.row.values[self.against].median if self.against else self.bound
        return self.ours / theirs if theirs else float("inf")

    def in_words(self) -> str:
        sign = ">=" if self.row.more_is_better else "<" if self.goal.strictly else "<="
        if self.against:
            return f"{self.goal.ours} is {self.ratio:.2f} x {self.against}; goal {sign} {self.goal.factor:g}"
        return f"{self.goal.ours} is {self.ours:.4g} {self.row.unit}; goal {sign} {self.bound:g}"


def pair(row: str, factor: float, section: str = "micro") -> list:
    """Each of our flavors against Tokio's of the same kind."""
    return [Goal(section, row, OURS_ONE, (TOKIO_ONE,), factor), Goal(section, row, OURS_MANY, (TOKIO_MANY,), factor)]


def ahead(row: str, section: str = "micro") -> list:
    """Ahead of the best of all peers there are, with either flavor."""
    peers = (TOKIO_ONE, TOKIO_MANY, "asio", "smol")
    return [Goal(section, row, ours, peers, strictly=True) for ours in (OURS_ONE, OURS_MANY)]


def wakes(row: str) -> list:
    """Both flavors against Tokio's current_thread."""
    return [Goal("micro", row, ours, (TOKIO_ONE,), 0.5) for ours in (OURS_ONE, OURS_MANY)]


MICRO = [
    *pair("spawn_await", 0.5), *pair("spawn_many", 0.5), *pair("join_set_1000", 0.5),
    *pair("yield_1", 0.25), *pair("yield_1000", 0.75), *pair("block_on_ready", 0.25),
    *wakes("notify_ping_pong"), *wakes("oneshot_ping_pong"),
    *pair("spawn_blocking", 0.7),
    *ahead("timers_create"), *ahead("timers_cancel"), *ahead("timers_run"),
    *pair("parked_bytes_future", 1.0, "bytes"),
]

GOALS = MICRO


def verdicts(outcome: Outcome, goals: Optional[list] = None) -> list:
    """One for each goal of which both sides were measured."""
    found = []
    for goal in GOALS if goals is None else goals:
        row = next((row for row in outcome.rows if row.name == goal.row), None)
        if goal.section != outcome.name or row is None or goal.ours not in row.values:
            continue
        ours, against, bound = row.values[goal.ours].median, None, goal.limit
        if goal.peers:
            against = row.best(*goal.peers)
            bound = goal.factor * row.values[against].median if against else None
        if bound is None:
            continue
        met = ours >= bound if row.more_is_better else ours < bound if goal.strictly else ours <= bound
        found.append(Verdict(goal, row, ours, against, bound, met))
    return found
