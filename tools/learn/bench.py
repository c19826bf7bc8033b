"""./learn bench: offers the peers' packages, then hands over to bench/run."""
import sys

from lessons import ROOT
from machine import Machine
from needs import BENCHING, missing
from screen import Stop, say
from setup import one_command, set_up


def bench(words: list, yes: bool, machine: Machine) -> int:
    """All words are the bench's own, options too."""
    sys.path.append(str(ROOT / "bench"))
    from run import frame

    def prepare() -> None:
        set_up(machine, yes or "--yes" in words)
        offer(machine, yes or "--yes" in words)

    return frame.main(words, prepare)


def offer(machine: Machine, yes: bool) -> None:
    """The peers are no need: whoever refuses them gets the table without."""
    absent = missing(machine, BENCHING)
    if not absent:
        return
    packages = list(dict.fromkeys(package for need in absent for package in need.packages))
    try:
        set_up(machine, yes, needs=BENCHING)
    except Stop:
        for need in absent:
            say(f"  not installed: {need.title}; its rows are left out")
        say(f"  to get {'them' if len(absent) > 1 else 'it'}: {one_command(machine, packages)}")
