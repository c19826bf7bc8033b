"""The lessons' headers and programs keep their rules; and each check finds what it is there for."""
import unittest
import unittest.mock

import headers
from tree import CourseTest

ONE = "solutions/01-poll/rt/poll.hpp"
TWO = "solutions/02-waker/rt/waker.hpp"
GIVEN = "solutions/00-provided/rt/trace.hpp"


class TheCourse(CourseTest):
    def test_every_header_compiles_alone(self):
        self.assert_clean(headers.each_compiles_alone())

    def test_every_header_has_one_home(self):
        self.assert_clean(headers.each_has_one_home())

    def test_includes_go_backwards(self):
        self.assert_clean(headers.includes_go_backwards())

    def test_the_map_shows_what_includes_what(self):
        self.assert_clean(headers.map_is_true())

    def test_no_file_is_too_long(self):
        self.assert_clean(headers.none_is_too_long())

    def test_threads_only_in_sync(self):
        self.assert_clean(headers.threads_only_in_sync())

    def test_system_calls_only_in_sys(self):
        self.assert_clean(headers.system_only_in_sys())


class EachCheckCatches(CourseTest):
    def test_a_missing_include(self):
        root = self.tree(**{ONE: "#pragma once\ninline std::string s();\n"})
        self.assert_caught(headers.each_compiles_alone(root), "poll.hpp does not compile alone")

    def test_a_missing_guard(self):
        root = self.tree(**{ONE: "inline int one() { return 1; }\n"})
        self.assert_caught(headers.each_compiles_alone(root), "poll.hpp does not compile alone")

    def test_a_later_lesson_is_out_of_sight(self):
        root = self.tree(**{ONE: "#pragma once\n#include <rt/waker.hpp>\n", TWO: "#pragma once\n"})
        self.assert_caught(headers.each_compiles_alone(root), "poll.hpp does not compile alone")

    def test_a_good_tree_passes(self):
        root = self.tree(**{GIVEN: "#pragma once\n", ONE: "#pragma once\n#include <rt/trace.hpp>\n",
                            TWO: "#pragma once\n#include <rt/poll.hpp>\n"})
        for check in (headers.each_compiles_alone, headers.each_has_one_home, headers.includes_go_backwards,
                      headers.none_is_too_long, headers.threads_only_in_sync, headers.system_only_in_sys):
            self.assert_clean(check(root))

    def test_asio_is_no_need(self):
        self.assertEqual(headers.variants("#include <rt/poll.hpp>\n"), [["-DPBP_HAS_ASIO=0"]])
        with unittest.mock.patch.dict("os.environ", PBP_HAS_ASIO="0"):
            self.assertEqual(headers.variants("#include <asio/post.hpp>\n"), [])
            self.assertEqual(len(headers.variants("#if PBP_HAS_ASIO\n")), 1)
        with unittest.mock.patch.dict("os.environ", PBP_HAS_ASIO="1"):
            self.assertEqual(len(headers.variants("#if PBP_HAS_ASIO\n")), 2)

    def test_two_homes(self):
        root = self.tree(**{ONE: "", "solutions/02-waker/rt/poll.hpp": ""})
        self.assert_caught(headers.each_has_one_home(root), "rt/poll.hpp is in solutions/01-poll and in solutions/02-waker")

    def test_an_include_forwards(self):
        root = self.tree(**{ONE: "#include <rt/waker.hpp>\n", TWO: ""})
        self.assert_caught(headers.includes_go_backwards(root), "of the later lesson 02-waker")

    def test_an_include_of_nothing(self):
        root = self.tree(**{ONE: "#include <rt/nothing.hpp>\n"})
        self.assert_caught(headers.includes_go_backwards(root), "which no lesson has")

    def test_a_circle(self):
        root = self.tree(**{ONE: "#include <rt/other.hpp>\n", "solutions/01-poll/rt/other.hpp": "#include <rt/poll.hpp>\n"})
        self.assert_caught(headers.includes_go_backwards(root), "in a circle")

    def test_a_long_file(self):
        self.assert_caught(headers.none_is_too_long(self.tree(**{ONE: "\n" * 400})), "has 400 lines")
        self.assert_clean(headers.none_is_too_long(self.tree(**{ONE: "\n" * 399})))

    def test_a_mutex(self):
        self.assert_caught(headers.threads_only_in_sync(self.tree(**{ONE: "std::mutex m;\n"})), "poll.hpp:1: std::mutex")
        self.assert_caught(headers.threads_only_in_sync(self.tree(**{ONE: "#include <atomic>\n"})), "<atomic>")
        self.assert_caught(headers.threads_only_in_sync(self.tree(**{"solutions/01-poll/main.cpp": "std::this_thread::x();"})),
                           "std::this_thread")

    def test_threads_of_a_program_may_meet(self):
        text = "#include <barrier>\nstd::barrier table(3);\n"
        self.assert_clean(headers.threads_only_in_sync(self.tree(**{"solutions/11-spawn-blocking/main.cpp": text})))
        self.assertEqual(len(headers.threads_only_in_sync(self.tree(**{ONE: text}))), 2)

    def test_not_a_mutex(self):
        text = '// std::mutex\nconst char* s = "std::mutex";\nrt::Mutex m; std::exception_ptr p;\n'
        self.assert_clean(headers.threads_only_in_sync(self.tree(**{ONE: text})))
        sync = self.tree(**{"solutions/00-provided/rt/sync.hpp": "#include <mutex>\nstd::mutex m;\n"})
        self.assert_clean(headers.threads_only_in_sync(sync))

    def test_a_system_call(self):
        self.assert_caught(headers.system_only_in_sys(self.tree(**{ONE: "int n = ::read(0, p, 1);\n"})), "::read")
        self.assert_caught(headers.system_only_in_sys(self.tree(**{ONE: "epoll_wait(1, 2);\n"})), "epoll_wait")
        self.assert_caught(headers.system_only_in_sys(self.tree(**{ONE: "#include <sys/epoll.h>\n"})), "<sys/epoll.h>")

    def test_not_a_system_call(self):
        text = "auto n = sys::read(0); rt::sleep(s); x.poll(cx); stream->write(b); rt::signal(2);\n"
        self.assert_clean(headers.system_only_in_sys(self.tree(**{ONE: text})))
        for name in ("sys", "sys_socket"):
            given = self.tree(**{f"solutions/00-provided/rt/{name}.hpp": "#include <unistd.h>\n"})
            self.assert_clean(headers.system_only_in_sys(given))
        taught = self.tree(**{"solutions/13-tcp/rt/sys_socket.hpp": "#include <unistd.h>\n"})
        self.assert_caught(headers.system_only_in_sys(taught), "<unistd.h>")


if __name__ == "__main__":
    unittest.main()
