"""The plots: where points lie, what the axes say, and that the picture is one.

    python3 bench/tests/test_plot.py
"""
import re
import sys
import unittest
import xml.etree.ElementTree as xml
from pathlib import Path

BENCH = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(BENCH))

from run import plot    # noqa: E402

SVG = "{http://www.w3.org/2000/svg}"
LINES = {"rt current_thread": [(1, 100), (10, 10), (100, 1)], "tokio multi_thread:2": [(1, 10), (100, 10)]}


def drawn(lines: dict, title: str = "Tasks & costs", caption: str = "here\nnow") -> xml.Element:
    return xml.fromstring(plot.svg(plot.Plot(title, "tasks", "ns a task", lines), caption))


def texts(picture: xml.Element) -> list:
    return [element.text for element in picture.iter(f"{SVG}text")]


class Axes(unittest.TestCase):
    def test_ticks(self):
        self.assertEqual(plot.ticks(1, 100), [1, 2, 5, 10, 20, 50, 100])
        self.assertEqual(plot.ticks(20, 50), [20, 50])
        self.assertEqual(plot.ticks(1, 1e6), [1, 10, 100, 1000, 1e4, 1e5, 1e6])

    def test_bounds_are_marks(self):
        self.assertEqual(plot.bounds([1.5, 40]), (1, 50))
        self.assertEqual(plot.bounds([0.3, 700]), (0.2, 1000))
        self.assertEqual(plot.bounds([1, 100]), (1, 100))

    def test_a_small_difference_looks_small(self):
        low, high = plot.bounds([100, 101])
        self.assertGreaterEqual(high / low, 10)
        self.assertTrue(low < 100 and high > 101)

    def test_numbers(self):
        self.assertEqual([plot.number(value) for value in (0.5, 1, 200, 1000, 20_000, 1e6)],
                         ["0.5", "1", "200", "1 k", "20 k", "1 M"])


class ThePicture(unittest.TestCase):
    def points(self, picture: xml.Element, index: int) -> list:
        path = [element for element in picture.iter(f"{SVG}path") if element.get("class", "").startswith("line")][index].get("d")
        return [tuple(map(float, pair)) for pair in re.findall(r"([\d.]+) ([\d.]+)", path)]

    def test_points_lie_where_they_belong(self):
        first, middle, last = self.points(drawn(LINES), 0)
        wide, tall = plot.WIDTH - plot.LEFT - plot.RIGHT, plot.HEIGHT - plot.TOP - plot.BOTTOM
        self.assertEqual(first, (plot.LEFT, plot.TOP))
        self.assertEqual(middle, (plot.LEFT + wide / 2, plot.TOP + tall / 2))
        self.assertEqual(last, (plot.LEFT + wide, plot.TOP + tall))

    def test_it_says_what_it_is(self):
        picture = drawn(LINES)
        self.assertEqual(picture.find(f"{SVG}title").text, "Tasks & costs")
        described = picture.find(f"{SVG}desc").text
        self.assertIn("rt current_thread from 100 at 1 to 1 at 100", described)
        for words in ("Tasks & costs", "ns a task", "tasks", "here", "now", "rt current_thread", "tokio multi_thread:2"):
            self.assertIn(words, texts(picture))

    def test_light_and_dark(self):
        style = drawn(LINES).find(f"{SVG}style").text
        self.assertIn("prefers-color-scheme: dark", style)
        for light, dark, _ in plot.KINDS.values():
            self.assertLess(style.index(light), style.index("@media"))
            self.assertGreater(style.index(dark), style.index("@media"))

    def test_several_threads_are_dashed_and_runtimes_have_marks(self):
        picture = drawn(LINES)
        classes = [element.get("class") for element in picture.iter(f"{SVG}path") if "line" in element.get("class", "")]
        self.assertEqual(classes, ["line rt", "line rt", "line tokio dashed", "line tokio dashed"])
        self.assertEqual(len(list(picture.iter(f"{SVG}circle"))), 3 + 1)       # three points, and the legend's
        self.assertEqual(len(list(picture.iter(f"{SVG}rect"))), 2 + 1)

    def test_all_is_inside(self):
        for element in drawn({"epoll_level": [(1, 0.004), (1e6, 7e8)], "asio": [(10, 1)]}).iter():
            for name, limit in (("x", plot.WIDTH), ("cx", plot.WIDTH), ("y", plot.HEIGHT), ("cy", plot.HEIGHT)):
                self.assertLessEqual(float(element.get(name, 0)), limit)
                self.assertGreaterEqual(float(element.get(name, 0)), 0)

    def test_one_point_and_none(self):
        drawn({"rt": [(1, 5)]})
        drawn({"rt": [(1, 5)], "asio": []})
        with self.assertRaises(ValueError):
            drawn({"rt": []})


if __name__ == "__main__":
    unittest.main()
