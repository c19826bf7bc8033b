"""What the loop shows, drawn from what is known: nothing is built here."""
import re
import unittest
from unittest import mock

from sources import ROOT
from tree import CourseTest

import failure_report
import holes
import lesson
import loop
import panels
from children import Ended
from judge import GREEN, RED, Verdict
from lessons import Step
from view import Frame, drawn, failure_lines

STARTER = """class Bell {
  public:
    Bell(const Bell& other) {
        // TODO(01.1) Share it.
        todo("01.1 copy");
    }
    void ring() {
        if (ready()) {
            // TODO(01.2) Ring.
            todo("01.2 ring");
        }
    }
    ~Bell() {
        // TODO(01.1) Give it back.
        todo("01.1 drop");
    }
};
"""
SOLVED = """class Bell {
  public:
    Bell(const Bell& other) {
        share(other);
    }
    void ring() {
        if (ready()) {
            wake_all();
        }
    }
    ~Bell() {
        give_back();
    }
};
"""
STEP = Step("01-poll", "01.1", "a step")


class OfACopy(CourseTest):
    """With a lesson of its own."""

    def lesson(self, mine: str) -> None:
        root = self.tree(**{"lessons/01-poll/rt/bell.hpp": STARTER, "solutions/01-poll/rt/bell.hpp": SOLVED,
                            "mine/01-poll/rt/bell.hpp": mine})
        self.bell = root / "mine/01-poll/rt/bell.hpp"
        for module in (holes, panels):
            for name, folder in (("starter", "lessons"), ("solution", "solutions"), ("copy_of", "mine")):
                if hasattr(module, name):
                    patch = mock.patch.object(module, name, lambda lesson, folder=folder: root / folder / lesson)
                    patch.start()
                    self.addCleanup(patch.stop)

    def lines(self, step: str) -> list:
        return [line for _, line in holes.places("01-poll", step)]

    def test_open_holes_are_at_their_marks(self):
        self.lesson(STARTER)
        self.assertEqual(self.lines("01.1"), [4, 14])
        self.assertEqual(self.lines("01.2"), [9])

    def test_filled_holes_are_at_their_functions(self):
        self.lesson(SOLVED)
        self.assertEqual(self.lines("01.1"), [3, 11])
        self.assertEqual(self.lines("01.2"), [6])

    def test_an_earlier_step_that_is_judged_too_is_named_where_the_holes_are_few(self):
        self.lesson(STARTER)
        with mock.patch.object(holes, "ROOT", self.bell.parents[3]):
            (holes.ROOT / "tests/01-poll").mkdir(parents=True)
            (holes.ROOT / "tests/01-poll/01.2-ring.cpp").write_text("// Judges 01.1 too: how it is shared.\n", encoding="utf-8")
            self.assertEqual(self.lines("01.2"), [4, 9, 14])
            self.assertEqual(self.lines("01.1"), [4, 14])
            with mock.patch.object(holes, "MOST_PLACES", 2):
                self.assertEqual(self.lines("01.2"), [9])

    def test_one_filled_and_one_open(self):
        self.lesson(STARTER.replace('        // TODO(01.1) Share it.\n        todo("01.1 copy");\n', "        share(1);\n"))
        self.assertEqual(self.lines("01.1"), [3, 13])

    def test_whose_hole_a_line_is_in(self):
        self.lesson(SOLVED)
        self.assertEqual([holes.step_at("01-poll", self.bell, line) for line in (3, 4, 8, 12)], ["", "01.1", "01.2", "01.1"])

    def test_the_difference_goes_by_steps_and_is_whole(self):
        long = "share(" + " + ".join(["other"] * 20) + ");"
        self.lesson(SOLVED.replace("share(other);", long).replace("give_back();", "// TODO(01.1) Give it back.\n        give_back();"))
        progress = mock.Mock(is_done=lambda lesson, step: True)
        lines = panels.diff_lines(progress, "01-poll", columns=40)
        self.assertEqual([line[:4] for line in lines if re.match(r"\d", line)], ["01.1", "01.1", "01.2"])
        self.assertLessEqual(max(len(line) for line in lines if line[:1] in "-+ "), 40)
        self.assertEqual("".join("".join(lines).split()).count("other"), 21)
        self.assertTrue(lines[-2].endswith("the same"), lines)      # a TODO that was left there is no difference
        self.assertIn(f"-         {long}", panels.diff_lines(progress, "01-poll"))

    def test_what_the_starter_says_of_a_hole_is_no_difference(self):
        self.lesson(SOLVED.replace("share(other);", "// TODO(01.1) Share it,\n        // and count.\n        share(1);  // mine"))
        lines = panels.diff_lines(mock.Mock(is_done=lambda lesson, step: True), "01-poll")
        self.assertIn("-         share(1);  // mine", lines)
        self.assertNotIn("TODO", "".join(lines))
        self.assertNotIn("and count", "".join(lines))

    def test_an_empty_optional_is_asked_where_one_is(self):
        self.lesson(SOLVED.replace("share(other);", "share(*other);"))
        asks = failure_report.tell(Ended(-6, "/usr/include/c++/12/optional:477: f(): Assertion 'this->_M_is_engaged()' failed.\n"),
                                   "map", ROOT / "mine").asks
        self.assertEqual([line for _, line in holes.places("01-poll", "01.1", asks)], [3])
        self.lesson(SOLVED)
        self.assertEqual([line for _, line in holes.places("01-poll", "01.1", asks)], [3, 11])


class Reports(OfACopy):
    def test_the_line_to_open_is_the_steps_own(self):
        self.lesson(SOLVED)
        report = "\n".join([
            "==1==ERROR: AddressSanitizer: heap-use-after-free on address 0x1",
            f"    #0 0x1 in rt::Bell::share() {self.bell}:4",
            f"    #1 0x2 in rt::Bell::ring() {self.bell}:8",
            "    #2 0x3 in main /other/main.cpp:1",
            "==1==ABORTING"])
        for step, line in (("01.1", 4), ("01.2", 8), ("01.3", 4)):
            told = failure_report.tell(Ended(1, report), "a case", self.bell.parents[1],
                              lambda file, number, step=step: holes.step_at("01-poll", file, number) == step)
            self.assertEqual(told.place, (self.bell, line))


class Frames(CourseTest):
    def shown(self, columns: int = 60, **more) -> list:
        return failure_lines(STEP, Verdict(RED, **more), columns)

    def test_all_places_are_named_where_none_is_known_to_be_guilty(self):
        bell = ROOT / "mine/02-waker/rt/waker.hpp"
        places = [(bell, line) for line in (43, 47, 52)]
        self.assertEqual(self.shown(title="x", place=places[0], places=places)[-1],
                         "open  in one of: mine/02-waker/rt/waker.hpp:43, 47, 52")
        self.assertEqual(self.shown(title="x", place=places[0], places=places[:1])[-1], "open  mine/02-waker/rt/waker.hpp:43")

    def test_of_many_places_only_the_files_are_named(self):
        bell, cord = ROOT / "mine/02-waker/rt/bell.hpp", ROOT / "mine/02-waker/rt/cord.hpp"
        places = [(bell, line) for line in range(1, 6)]
        self.assertEqual(self.shown(title="x", place=places[0], places=places)[-1], "open  mine/02-waker/rt/bell.hpp")
        self.assertEqual(self.shown(100, title="x", place=places[0], places=[*places, (cord, 3)])[-1],
                         "open  one of: mine/02-waker/rt/bell.hpp, mine/02-waker/rt/cord.hpp")

    def test_a_warning_is_told_beside_the_failure(self):
        self.assertEqual(self.shown(title="x", warning=["unused variable 'bell'", "mine/x.hpp:3"])[-1],
                         "warning: unused variable 'bell', mine/x.hpp:3")

    def test_a_title_is_whole_and_its_count_in_one_piece(self):
        title = "an unpark at the very moment of falling asleep is seen to be meant"
        for columns in range(40, 100):
            lines = self.shown(columns, title=title, at=8, cases=12)
            self.assertLessEqual(max(map(len, lines)), columns)
            self.assertEqual(" ".join(" ".join(lines).split()), f"01.1 {title} (case 8 of 12)")
            self.assertTrue(any("(case 8 of 12)" in line for line in lines))

    def test_a_reason_stands_below_its_first_word(self):
        why = "  why       so nothing polls it again. Wake the waker in `cx`."
        self.assertEqual(self.shown(title="x", lines=[why])[1:], ["  why       so nothing polls it again. Wake the waker in", "            `cx`."])
        self.assertEqual(self.shown(50, title="x", lines=[why])[1:], ["  why       so nothing polls it again. Wake the", "    waker in `cx`."])

    def test_the_mark_of_a_step_is_in_one_piece(self):
        for columns in range(30, 60):
            self.assertTrue(any("<-- here" in line for line in self.shown(columns, steps=["  3. wake it, by value   <-- here"])))

    def test_a_panel_has_pages_and_of_a_programs_output_the_end_counts(self):
        frame = Frame("01-poll", [], panel=[f"line {n}" for n in range(50)])
        seen: list = []
        while "line 49" not in seen:
            lines = drawn(frame, 60, 20)
            self.assertLess(len(lines), 20)
            seen += [line for line in lines if line.startswith("line ")]
            frame.at = frame.turn
        self.assertEqual(seen, frame.panel)
        self.assertTrue(any(re.search(r"… \d+ more lines: press space", line) for line in drawn(frame, 60, 20)), "from its top again")
        frame.ends = True
        self.assertIn("line 49", drawn(frame, 60, 20))

    def failed(self, height: int, **more) -> list:
        """A frame of a step with many others, a long story, and a house rule that is broken."""
        steps = [Step("01-poll", f"01.{n}", f"step {n}") for n in range(1, 6)]
        red = Verdict(RED, title="x", lines=["  why       the reason", "  expected  a", "  found     b"],
                      steps=[f"  {n}. do it" for n in range(1, 30)] + ["  30. look   <-- here"], place=(ROOT / "mine/x.hpp", 3), **more)
        verdicts = {step.id: Verdict(GREEN) for step in steps[:3]}
        return drawn(Frame("01-poll", steps, verdicts={**verdicts, "01.4": red}, notes=["a note"]), 80, height)

    def test_in_a_short_terminal_what_teaches_stays(self):
        for height in (8, 12, 24, 60):
            lines = self.failed(height)
            self.assertLess(len(lines), height)
            for words in ("01-poll", "✗ 01.4 step 4", "01.4 x", "  why       the reason", "open  mine/x.hpp:3", "[h]int"):
                self.assertTrue(any(line.startswith((words, f" {words}")) for line in lines), (height, words, lines))
        self.assertIn("  found     b", self.failed(12))
        self.assertIn("  30. look   <-- here", self.failed(12))
        self.assertIn(" ✓ 01.1 step 1", self.failed(60))
        self.assertNotIn(" ✓ 01.1 step 1", self.failed(24))

    def test_a_compilers_line_goes_before_our_advice(self):
        error = Verdict(RED, title="it does not compile", built=False, place=(ROOT / "mine/x.hpp", 3),
                        lines=["expected ';'", "    3 | int x", "      |      ^", "  Add a semicolon."])
        lines = drawn(Frame("01-poll", [STEP], verdicts={STEP.id: error}, notes=["a note"] * 4), 80, 8)
        self.assertIn("  Add a semicolon.", lines)
        self.assertNotIn("    3 | int x", lines)


class EndOfAPath(CourseTest):
    def test_n_names_the_other_lessons(self):
        at = mock.Mock(spec=loop.Loop)
        at.lesson, at.progress = mock.Mock(), mock.Mock(route="server")
        at.lesson.name = "13-tcp"
        at.what_follows = lambda: loop.Loop.what_follows(at)
        loop.Loop.turn(at, "")
        at.panel.assert_called_once_with(["That was the last lesson of your path. ./learn list shows the others, and ./learn goto NN "
                                          "opens one.",
                                          "To talk to your echo server: ./learn run 13 echo, and in another terminal: "
                                          "nc 127.0.0.1 3000", "To see the finished server: ./learn demo"])
        at.begin.assert_not_called()


class Told(CourseTest):
    """What a library or a sanitizer says, in words of the course. The texts are those of g++ 12 and clang 19."""

    def test_an_empty_optional(self):
        for before in ("/usr/include/c++/12/optional:477: constexpr _Tp& std::_Optional_base_impl<_Tp, _Dp>::_M_get() "
                       "[with _Tp = int; _Dp = std::_Optional_base<int, true, true>]: ",
                       "/usr/lib/gcc/x86_64-linux-gnu/12/../../../../include/c++/12/optional:477: _Tp &std::_Optional_base_impl"
                       "<int, std::_Optional_base<int>>::_M_get() [_Tp = int, _Dp = std::_Optional_base<int>]: "):
            told = failure_report.tell(Ended(-6, f"{before}Assertion 'this->_M_is_engaged()' failed.\n"), "map", ROOT / "mine")
            self.assertEqual(told.lines, [failure_report.IS_EMPTY])

    def test_an_impossible_memory_order(self):
        for what in ("bool std::__atomic_base<unsigned int>::compare_exchange_strong(__int_type &, __int_type, memory_order, "
                     "memory_order) [_ITp = unsigned int]: Assertion '__is_valid_cmpexch_failure_order(__m2)' failed.",
                     "_PTp* std::__atomic_base<_PTp*>::load(std::memory_order) const [with _PTp = std::mutex; __pointer_type = "
                     "std::mutex*]: Assertion '__b != memory_order_release' failed."):
            told = failure_report.tell(Ended(-6, f"/usr/include/c++/12/bits/atomic_base.h:558: {what}\n"), "park", ROOT / "mine")
            self.assertEqual(told.lines, [failure_report.BAD_ORDER])

    def test_a_lock_that_is_not_held(self):
        text = "terminate called after throwing an instance of 'std::system_error'\n  what():  Operation not permitted\n"
        told = failure_report.tell(Ended(-6, text), "a job runs", ROOT / "mine")
        self.assertIn("did not hold it", " ".join(told.lines))

    def overflow(self, line: str, *frames: str):
        root = self.tree(**{"mine/02-waker/rt/waker.hpp": f"head\n{line}\n"})
        header = root / "mine/02-waker/rt/waker.hpp"
        text = "==1==ERROR: AddressSanitizer: stack-overflow on address 0x7ffe (pc 0x55 bp 0x7f sp 0x7f T0)\n"
        text += "".join(f"    #{number} 0x55881debc0ea in {frame.replace('HEADER', str(header))}\n"
                        for number, frame in enumerate(frames))
        with mock.patch.object(failure_report, "shown", str):
            told = failure_report.tell(Ended(-6, text + "==1==ABORTING\n"), "move", header.parents[1])
        self.assertEqual(told.place, (header, 2))
        return [said.strip() for said in told.lines]

    def test_a_swap_of_what_is_assigned(self):
        swap = ("std::enable_if<__and_<std::is_move_assignable<rt::Waker>>::value, void>::type "
                "std::swap<rt::Waker>(rt::Waker&, rt::Waker&) /usr/include/c++/12/bits/move.h:205:11")
        self.assertIn(failure_report.SWAPS_WHOLE, self.overflow("std::swap(*this, other);", "rt::Waker::Waker(rt::Waker&&) HEADER:1", swap,
                                                       "rt::Waker::operator=(rt::Waker) HEADER:2:9", swap))

    def test_a_constructor_that_assigns(self):
        self.assertIn(failure_report.BY_VALUE, self.overflow("*this = std::move(other);", "rt::Waker::Waker(rt::Waker&&) HEADER:1",
                                                    "rt::Waker::Waker(rt::Waker&&) HEADER:2:17"))


class Likely(CourseTest):
    """Where the failed step names a future, the polls of others are not looked into."""

    def test_the_polls_of_others_are_left_out(self):
        text = "".join(f"Poll<T> poll(Context& cx) {{\n    contract_.begin(\"{name}\");\n    work();\n}}\n\nint more;\n\n"
                       for name in ("pending", "Countdown"))
        header = self.tree(**{"future.hpp": text + "Poll<T> poll(Context& cx) {\n    return f_(cx);\n}\n"}) / "future.hpp"
        everywhere = [(header, 1), (header, 8), (header, 15)]

        def lines(*said: str) -> list:
            return [line for _, line in holes.likely(everywhere, list(said), failure_report.HERE)]

        self.assertEqual(lines("1. poll pending()", f"2. poll Countdown(2) {failure_report.HERE}"), [8, 15])
        self.assertEqual(lines(f"1. poll pending() {failure_report.HERE}", "found Countdown"), [1, 15])
        self.assertEqual(lines(f"1. poll the kettle {failure_report.HERE}"), [1, 8, 15])
        self.assertEqual(lines("1. poll pending()"), [1, 8, 15])


class Warnings(CourseTest):
    def test_one_of_an_older_text_is_not_shown(self):
        judged = mock.Mock()
        progress = mock.Mock(complaint="", is_done=lambda *_: False)
        with mock.patch.object(lesson, "house_notes", lambda _: []):
            at = lesson.Lesson("01-poll", progress, judged)
            warned = Verdict(GREEN, warning=["unused", "mine/01-poll/rt/poll.hpp:3"])
            judged.judge = lambda step: warned if step.id != "01.2" else Verdict(RED, built=True)
            at.judge_all(lambda: None)
            self.assertEqual(at.frame.notes, ["warning: unused, mine/01-poll/rt/poll.hpp:3"])
            judged.judge = lambda *_: Verdict(RED, built=False)
            at.judge_all(lambda: None)
            self.assertEqual(at.frame.notes, [])


if __name__ == "__main__":
    unittest.main()
