"""How long the echo section's requests waited: of its own rounds, in a table of its own. Asked for alone, it measures them."""
from . import echo
from .section import Section

WHICH = ("p50", "p99", "p99.9")


def measure(bench) -> None:
    if echo.MEASURED:
        bench.note("These are the rounds of `echo`.")
    else:
        for _ in echo.each_point(bench):
            pass
    for point, found in echo.MEASURED.items():
        for which in WHICH:
            bench.row(f"{which} {point.name}", f"{point.title}: {which}", "ms", found.get(which, {}))
    answered = sum(stat.count for found in echo.MEASURED.values() for stat in found.get("p50", {}).values())
    bench.note(f"In {len(echo.WRONG)} of {answered + len(echo.WRONG):,} runs an answer was wrong or missing"
               f"{': ' if echo.WRONG else '; every byte that came back was looked at.'}{'; '.join(echo.WRONG)}")


SECTION = Section("latency", "how long the echo section's requests waited", measure, order=21, kinds=("echo", "load", "rust"),
                  in_quick=False)
