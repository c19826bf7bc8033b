"""./learn bench: the finished runtime beside its peers. Offers to install the peers' packages, then hands over to bench/run."""
import sys

from console import Stop, say
from lessons import ROOT
from machine import ALWAYS, NEVER, Machine
from needs import BENCHING, missing, packages_of
from setup import one_command, set_up


def bench(words: list, machine: Machine) -> int:
    """Hands all words to the bench, options too."""
    sys.path.append(str(ROOT / "bench"))
    from run import frame

    if "--yes" in words or "-y" in words:
        machine.installs = ALWAYS

    def prepare() -> None:
        set_up(machine)
        offer(machine)

    return frame.main(words, prepare)


def offer(machine: Machine) -> None:
    """Offers the peers' packages, which the bench can do without. Nothing is installed without a yes."""
    absent = missing(machine, BENCHING)
    if not absent:
        return
    if machine.installs != ALWAYS and not machine.is_ci() and not machine.is_person_there():
        machine.installs = NEVER
    try:
        set_up(machine, needs=BENCHING)
    except Stop:
        for need in absent:
            say(f"  not installed: {need.title}. Its rows are left out.")
        say(f"  Install {'them' if len(absent) > 1 else 'it'} with: {one_command(machine, packages_of(absent))}")
