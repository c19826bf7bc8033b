"""./learn read: a chapter as lines that can be read in a terminal, and what the loop takes from it."""
import contextlib
import io
import re
import unittest
from unittest import mock

from sources import ROOT     # first: it shows the way to tools/learn
from tree import CourseTest

import chapter
import commands
import paths
from console import Stop
from lessons import all_lessons, steps_of

PAGE = """# 01 Poll: `are` you *done*?
<!-- minutes: 25 -->

One line
and another, with **bold words**, `code`, and [a link to `x`](../x.md), and `[](int x)`.

## Predict

It runs:

<!-- from: x -->
```cpp
        why(not_this);
```

How many? And *why*? Write it down.

- one item
  that goes on
- two: `int (*f)(char* s)`

| name | is |
|---|---|
| `a` | first |

> A quotation
> of two lines.

## Check yourself

**Why?**

<details><summary>An answer</summary>

Because.
</details>

![A kettle.](x.svg)
"""
PLAIN = """01 Poll: are you done?
======================

One line and another, with bold words, `code`, and a link to `x`, and `[](int
x)`.

Predict
-------

It runs:

    why(not_this);

How many? And why? Write it down.

- one item that goes on
- two: `int (*f)(char* s)`

name  is
`a`   first

  | A quotation of two lines.

Check yourself
--------------

Why?

(Answer 1: ./learn read 01 answers)

[Picture: A kettle.]
"""


ANSWERS = "./learn read 01 answers"


class Rendered(CourseTest):
    def test_every_part_of_a_page(self):
        self.assertEqual("\n".join(chapter.rendered(PAGE, command=ANSWERS)) + "\n", PLAIN)

    def test_colors_change_no_letter(self):
        colored = "\n".join(chapter.rendered(PAGE, colors=True, command=ANSWERS))
        self.assertIn("\x1b[1mbold words\x1b[0m", colored)
        self.assertEqual(re.sub(r"\x1b\[\d+m", "", colored).split(), PLAIN.replace("`", "").split())

    def test_the_book_fits_80_columns(self):
        pages = sorted((ROOT / "book").glob("*.md"))
        self.assertTrue(pages)
        for page in pages:
            lines = chapter.rendered(page.read_text(encoding="utf-8"))
            wide = [line for line in lines if len(line) > 80 and not line.startswith("    ") and " " in line]
            self.assertEqual(wide, [], page)
            self.assertNotIn("<!--", "\n".join(lines))
            self.assertNotIn("<details>", "\n".join(lines))

    def test_the_answers_are_a_page_of_their_own(self):
        root = self.tree(**{"book/01-poll.md": PAGE, "book/map.md": "# Map\n"})
        for words, said in (([], PLAIN), (["answers"], "Answers\n=======\n\n1. Because.\n")):
            out = io.StringIO()
            with mock.patch.object(chapter, "BOOK", root / "book"), contextlib.redirect_stdout(out):
                self.assertEqual(commands.read(["01", *words], None), 0)
                with self.assertRaisesRegex(Stop, "book/map.md has no answers. Read it: ./learn read map$"):
                    commands.read(["map", "answers"], None)
            self.assertEqual(out.getvalue(), said)

    def test_what_the_loop_takes_from_a_chapter(self):
        root = self.tree(**{"book/01-poll.md": PAGE, "book/map.md": "# Map\n"})
        with mock.patch.object(chapter, "BOOK", root / "book"):
            self.assertTrue(chapter.to_read("01-poll").endswith("book/01-poll.md (25 min)"))
            self.assertEqual(chapter.to_read("02-waker"), "")
            self.assertEqual(chapter.question("01-poll"), "How many? And *why*?")
            self.assertEqual((chapter.named("1").name, chapter.named("map").name), ("01-poll.md", "map.md"))
            with self.assertRaisesRegex(Stop, "There is no page 'nap'. Name a lesson, or one of these: map."):
                chapter.named("nap")
            with self.assertRaisesRegex(Stop, "Lesson 02-waker has no chapter yet. Read its code in solutions/02-waker."):
                chapter.named("02")

    def test_a_path_that_leaves_out_steps_takes_less_time(self):
        for lesson in filter(lambda name: paths.left_out("server", name), all_lessons()):
            whole, short = (int(re.search(r"\((\d+) min\)", chapter.to_read(lesson, route))[1]) for route in ("whole", "server"))
            self.assertLess(short, whole, lesson)
            for step in paths.left_out("server", lesson):
                section = chapter.text_of(lesson).split(f"\n## {step.id} ")[1].split("\n## ")[0]
                self.assertIn("short path", section, step.id)

    def test_the_short_path_ends_with_a_server_to_talk_to(self):
        self.assertIn("./learn run 13 echo", chapter.to_try(paths.lessons_on("server")[-1]))

    def test_each_chapter_asks_for_a_prediction(self):
        for lesson in filter(lambda name: chapter.chapter_of(name).is_file(), all_lessons()):
            self.assertTrue(chapter.question(lesson).endswith("?"), lesson)
            self.assertIn(" min)", chapter.to_read(lesson))

    def test_a_chapter_can_be_read_from_a_step_on(self):
        for lesson in filter(lambda name: chapter.chapter_of(name).is_file(), all_lessons()):
            for step in steps_of(lesson):
                said = io.StringIO()
                with contextlib.redirect_stdout(said):
                    chapter.show(chapter.chapter_of(lesson), step.id)
                self.assertEqual(said.getvalue().splitlines()[0].split()[0], step.id)


if __name__ == "__main__":
    unittest.main()
