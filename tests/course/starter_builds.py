"""Each starter compiles untouched, its tests wait for their own holes and no other, and the code of its hints fits.

    starter_builds.py [--untouched] [NN …]

Without a number, all are built. See starters.py and hints_fit.py. --untouched: the starter as it is compiles without a warning,
which is enough for a second compiler. Which hole a test waits for does not depend on the compiler.
"""
import argparse
import sys

import child_processes
import hints_fit
import starters


def main(arguments: list) -> int:
    parser = argparse.ArgumentParser(description="Builds the starters, hole by hole, and the code of their hints.")
    parser.add_argument("which", nargs="*", metavar="NN", help="a lesson; all that have a starter, if none is named")
    parser.add_argument("--untouched", action="store_true", help="only compile the starter as it is, before any hole is filled")
    options = parser.parse_args(arguments)
    known = [folder.name for folder in starters.lessons()]
    child_processes.refuse_unknown(parser, options.which, "starter", lambda name: name in [lesson[:2] for lesson in known])
    chosen = [lesson for lesson in known if not options.which or lesson[:2] in options.which]
    bad = 0
    for lesson in chosen:
        wrong = starters.complains(lesson) if options.untouched else starters.announces(lesson) + hints_fit.fit(lesson)
        bad += bool(wrong)
        print("\n".join(wrong) or f"{lesson}: right", flush=True)
    good = "compile untouched" if options.untouched else "are red where they announce it, and green once filled"
    print(f"{len(chosen) - bad} of {len(chosen)} starters {good}")
    return 1 if bad else 0


if __name__ == "__main__":
    child_processes.as_command(lambda: main(sys.argv[1:]))
