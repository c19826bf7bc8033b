"""Cases run together: what is told is what each tells alone."""
import tempfile
import unittest
from pathlib import Path

import sources  # where tools/learn is found
import cases
from children import plain_wait

# A test executable, as far as the judge sees one: `does` says for each case what comes of it.
FAKE = """#!/bin/sh
first=1 last=$(wc -l < "$0.does")
for word; do
    case $word in
        --first=*) first=${word#*=};;
        --last=*) last=${word#*=};;
        --test-case=*) first=${word#*=} last=$first alone=yes;;
    esac
done
echo "$first-$last" >> "$0.runs"
status=0
number=$first
while [ $number -le $last ]; do
    does=$(sed -n "${number}p" "$0.does")
    case $does in
        fails) echo "the story of $number"; exit 1;;
        dies) kill -ABRT $$;;
        leaks) status=23;;
        alone) [ "$alone" ] || exit 1;;
        hangs) [ "$alone" ] || sleep 20; echo "No step has finished for 2 s"; exit 4;;
    esac
    [ "$alone" ] || printf '\\036'
    number=$((number + 1))
done
[ $status = 0 ] || echo "a leak in $first to $last"
exit $status
"""


class Cases(unittest.TestCase):
    def run_them(self, *does: str, at_once: int = 2) -> tuple:
        with tempfile.TemporaryDirectory() as folder:
            test = Path(folder, "test")
            test.write_text(FAKE, encoding="utf-8")
            test.chmod(0o755)
            Path(f"{test}.does").write_text("".join(f"{word}\n" for word in does), encoding="utf-8")
            named = [("suite", str(number)) for number in range(1, len(does) + 1)]
            failed, became = cases.run_cases(test, named, plain_wait, at_once)
            self.runs = sorted(Path(f"{test}.runs").read_text(encoding="utf-8").split())
        return failed, became.status, became.output

    def test_all_pass_in_a_process_for_each_core(self):
        self.assertEqual(self.run_them(*["passes"] * 7), (0, 0, ""))
        self.assertEqual(self.runs, ["1-3", "4-7"])
        self.assertEqual(self.run_them("passes", at_once=4), (0, 0, ""))

    def test_a_failure_tells_its_own_story(self):
        self.assertEqual(self.run_them("passes", "passes", "fails", "passes", "fails", "fails"), (3, 1, "the story of 3\n"))
        self.assertEqual(self.run_them("passes", "passes", "passes", "passes", "passes", "fails"), (6, 1, "the story of 6\n"))
        self.assertEqual(self.run_them("fails", "fails", at_once=1), (1, 1, "the story of 1\n"))

    def test_a_death_is_its_cases(self):
        self.assertEqual(self.run_them("passes", "passes", "dies", "passes")[:2], (3, -6))

    def test_a_leak_is_its_cases(self):
        self.assertEqual(self.run_them("passes", "leaks", "passes", "passes"), (2, 23, "a leak in 2 to 2\n"))
        self.assertEqual(self.run_them("passes", "leaks", "fails", "passes", at_once=1), (2, 23, "a leak in 2 to 2\n"))

    def test_what_passes_alone_passes(self):
        self.assertEqual(self.run_them("passes", "alone", "passes", "alone"), (0, 0, ""))
        self.assertEqual(self.run_them("passes", "alone", "passes", "fails")[0], 4)

    def test_a_hang_is_told_by_the_case_alone(self):
        self.assertEqual(self.run_them("passes", "passes", "hangs", "passes"), (3, 4, "No step has finished for 2 s\n"))


if __name__ == "__main__":
    unittest.main()
