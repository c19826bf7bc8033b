"""./learn bench: offers the peers' packages, then hands over to bench/run."""
import sys

from console import Stop, say
from lessons import ROOT
from machine import Machine
from needs import BENCHING, missing, packages_of
from setup import one_command, set_up


def bench(words: list, yes: bool, machine: Machine) -> int:
    """Hands all words to the bench, options too."""
    sys.path.append(str(ROOT / "bench"))
    from run import frame

    agreed = yes or "--yes" in words or "-y" in words

    def prepare() -> None:
        set_up(machine, agreed)
        offer(machine, agreed)

    return frame.main(words, prepare)


def offer(machine: Machine, yes: bool) -> None:
    """Offers the peers' packages. If the user refuses, the bench goes on without their rows."""
    absent = missing(machine, BENCHING)
    if not absent:
        return
    try:
        set_up(machine, yes, needs=BENCHING)
    except Stop:
        for need in absent:
            say(f"  not installed: {need.title}; its rows are left out")
        say(f"  to get {'them' if len(absent) > 1 else 'it'}: {one_command(machine, packages_of(absent))}")
