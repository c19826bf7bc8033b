"""./learn verify: all that CI runs. Every preset is built and tested once. The course's own checks run in the first. `answers`, for a
nightly run, judges each wrong answer. The others judge two for each step."""
import re
import time

from building import Build, Outcome
from console import Stop, bold, red, say, span
from lessons import ROOT
from machine import Machine
from process import last_relevant

PRESETS = ["gcc", "gcc-release", "clang", "tsan"]
ANSWERS = "answers"


def chosen(words: list) -> list:
    for word in words:
        if word not in [*PRESETS, ANSWERS]:
            raise Stop(f"There is no preset '{word}'. Name some of these, or none for what CI runs: {', '.join([*PRESETS, ANSWERS])}.")
    return [preset for preset in [*PRESETS, ANSWERS] if preset in words] or PRESETS


def verify_one(preset: str, machine: Machine) -> Outcome:
    build = Build(f"verify-{preset}", machine)
    try:
        build.configure()
        if preset == ANSWERS:  # builds each answer by itself
            return build.test("--no-tests=error", "-L", ANSWERS)
        built = build.build(keep_going=True)
        outcome = build.test("--no-tests=error")
    except Stop as stop:
        return Outcome(failed=[(f"verify-{preset}", str(stop))])
    if not built:
        say(last_relevant(build.log("build")))
        outcome.failed.append((f"verify-{preset}: the build", f"see {build.log('build').relative_to(ROOT)}"))
    return outcome


def last_lines(text: str, count: int = 25) -> str:
    # CTest marks text that it cut; a test's own last words are the telling ones.
    lines = [line for line in re.sub(r"\x1b\[[0-9;]*m", "", text).splitlines() if line.strip()]
    return "\n".join("    " + line for line in lines[-count:])


def tally(outputs: list) -> list:
    """The checks of the course itself that count what they judged: "7 of 7 starters are …", summed over all outputs."""
    sums: dict = {}
    for output in outputs:
        for good, all_of_them, what in re.findall(r"^(\d+) of (\d+) ((?:starters|mistakes|right answers) .+)$", output, re.M):
            before = sums.get(what, (0, 0))
            sums[what] = (before[0] + int(good), before[1] + int(all_of_them))
    return [f"{good} of {all_of_them} {what}" for what, (good, all_of_them) in sums.items()]


def verify(presets: list, machine: Machine) -> int:
    rows, failures, outputs = [], [], []
    began = time.monotonic()
    for preset in presets:
        start = time.monotonic()
        outcome = verify_one(preset, machine)
        rows.append((preset, outcome.passed, len(outcome.failed), outcome.skipped, time.monotonic() - start))
        failures += [(preset, name, output) for name, output in outcome.failed]
        outputs += outcome.outputs
        for name, output in outcome.failed[:5]:
            say(f"{red('failed')} {name}")
            say(last_lines(output))
    say()
    say(bold(f"{'preset':<16}{'passed':>8}{'failed':>8}{'skipped':>9}{'time':>16}"))
    for preset, passed, failed, skipped, seconds in rows:
        say(f"{preset:<16}{passed:>8}{failed:>8}{skipped:>9}{span(seconds):>16}")
    passed, failed = sum(row[1] for row in rows), sum(row[2] for row in rows)
    say(f"{'all':<16}{passed:>8}{failed:>8}{sum(row[3] for row in rows):>9}{span(time.monotonic() - began):>16}")
    say()
    for preset, name, _ in failures:
        say(f"{red('failed')} in {preset}: {name} (build/verify-{preset}/learn-*.log)")
    for line in tally(outputs):
        say(line)
    say(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0
