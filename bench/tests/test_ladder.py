"""The ladder counts what is written, not what is said about it."""
import sys
import unittest
from pathlib import Path

BENCH = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(BENCH), str(BENCH.parent / "tools" / "learn")]

from run.ladder import lines_of_code  # noqa: E402


class LinesOfCode(unittest.TestCase):
    def test_blanks_comments_includes_and_lone_brackets_are_none(self):
        self.assertEqual(lines_of_code("// a\n\n#include <a>\n/* b\n c */\nint main() {\n    f();  // d\n}\n  });\n"), 2)

    def test_a_comment_sign_in_a_string_is_code(self):
        self.assertEqual(lines_of_code('auto a = "//";\nauto b = "/*";\nauto c = 1;\n'), 3)

    def test_every_rung_is_there_and_counted(self):
        files = sorted((BENCH / "peers" / "ladder").glob("*.cpp"))
        self.assertEqual([file.name[:2] for file in files], [f"{n}_" for n in range(1, 8)])
        for file in files:
            self.assertGreater(lines_of_code(file.read_text()), 10, file.name)


if __name__ == "__main__":
    unittest.main()
