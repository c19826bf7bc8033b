"""The house rules for coroutines, on all C++ of the course; and each rule finds what it is there for."""
import os
import unittest

from sources import ROOT, cpp_files, name_of     # first: it shows the way to tools/learn
from tree import CourseTest

import co_await_forms
import house_rules


class TheCourse(CourseTest):
    def test_all_sources_keep_the_house_rules(self):
        self.assert_clean([line for path in cpp_files() if "mistakes" not in path.parts
                           for line in house_rules.check(path, name_of(path, ROOT))])


class EachRule(CourseTest):
    def rules(self, text: str) -> list:
        return [finding.rule for finding in house_rules.check_text(text)]

    def breaks(self, text: str, *rules: str) -> None:
        self.assertEqual(self.rules(text), list(rules), text)

    def keeps(self, text: str) -> None:
        self.breaks(text)

    def test_capturing_lambda(self):
        self.breaks("co_await spawn_blocking([n] { return n; });", "lambda")
        self.breaks("int x = 1 + co_await f(1, [&](int a) -> int { return a; });", "lambda")
        self.breaks("use(co_await f(), [n] { return n; });", "lambda")

    def test_lambda_that_is_fine(self):
        self.keeps("co_await spawn_blocking([] { return 1; });")
        self.keeps("auto work = [n] { return n; };\nco_await spawn_blocking(std::move(work));")
        self.keeps("co_await f(a[i], b[n + 1]);")
        self.keeps("// co_await f([n] { });\nconst char* s = \"co_await f([n] { })\";")

    def test_braces(self):
        self.breaks("co_await f(Point{1, 2});", "braces")
        self.breaks("co_await f({1, 2});", "braces")
        self.breaks("auto x = co_await Countdown{3};", "braces")

    def test_braces_that_are_blocks(self):
        self.keeps("if (co_await f()) { g(); }")
        self.keeps("while (auto line = co_await f()) { g(Point{1, 2}); }")
        self.keeps("co_await f(std::size_t{100}, std::chrono::seconds{1});")
        self.keeps("co_await f([] { g(Point{1}); });")
        self.keeps("void f() { Point p{1, 2}; co_await g(p); }")

    def test_list(self):
        self.breaks("std::vector<int> v{co_await f(), 2};", "list")
        self.breaks("g({1, co_await f()});", "list")
        self.breaks("return Pair{co_await f(), 1};", "list")

    def test_list_that_is_a_block(self):
        self.keeps("Async<void> f() { co_await g(); }")
        self.keeps("void h() { if (co_await g()) { } }")
        self.keeps("for (int i = 0; i < 3; ++i) { v.push_back(co_await g(i)); }")
        self.keeps("switch (n) { case 1: co_await g(); break; }")

    def test_condition_where_nothing_is_declared(self):
        self.breaks("Async<> f(int n) { while (co_await g(n)) { } }", "condition")
        self.breaks("Async<> f() { co_await g(); if (x && !co_await g()) { h(); } else { } }", "condition")
        self.breaks("Async<> f() { for (; co_await g();) { }\ndo { h(); } while (co_await g()); }", "condition", "condition")
        self.breaks("auto f = [](T* t) -> Async<> { switch (co_await t->g()) { case 1: return h(); } };", "condition")

    def test_condition_beside_a_variable(self):
        self.keeps("Async<> f() { while (auto next = co_await g()) { } }")
        self.keeps("Async<> f() { if (bool more = co_await g()) { } }")
        self.keeps("Async<> f() { std::vector<int> v(3); while (co_await g()) { } }")
        self.keeps("Async<> f() { for (int i = 0; i < 3; ++i) { if (co_await g()) { } } }")
        self.keeps("Async<> f() { if (n > 3) { co_await g(); } }")

    def test_choice(self):
        self.breaks("Value v = yes ? co_await f() : Value(1);", "choice")
        self.breaks("co_return co_await f() == 1 ? a : b;", "choice")
        self.breaks("use(co_await f(yes ? a : b));", "choice")
        self.keeps("Value v = yes ? a : b; use(co_await f(v)); w = yes ? a : b;")
        self.keeps("co_await f([](bool yes) { return yes ? 1 : 2; });")

    def test_throw_new_and_capture(self):
        self.breaks("throw Error(co_await f());", "throw")
        self.breaks("std::unique_ptr<Value> v(new Value(co_await f()));", "new")
        self.breaks("auto f = [v = co_await g()] { return v; };", "capture")
        self.keeps("auto e = co_await f(); throw Error(e);")
        self.keeps("auto v = std::make_unique<Value>(co_await f());")
        self.keeps("v[n] = co_await f();")

    def test_reference_parameter(self):
        self.breaks("Async<int> f(const std::string& s) { co_return 1; }", "reference")
        self.breaks("rt::Async<void> T::f(int&& s) const noexcept {\n  co_await g();\n}", "reference")
        self.breaks("Async<std::vector<int>> f(std::string_view s) { co_return g(s); }", "reference")
        self.breaks("auto f = [](Stream& s) -> Async<void> { co_await s.read(); };", "reference")

    def test_reference_that_is_fine(self):
        self.keeps("Async<int> f(std::string s, const char* p) { co_return 1; }")
        self.keeps("Async<int> f(const std::string& s) { return g(std::string(s)); }")
        self.keeps("Async<int> f(const std::string& s);")
        self.keeps("Poll<int> f(Context& cx) { return Pending; }")
        self.keeps("Async<int> f(S& s) { return wrap([](S t) -> Async<int> { co_return 1; }); }")

    def test_closure(self):
        self.breaks("auto f = [n]() -> Async<int> { co_return n; };", "closure")
        self.breaks("rt::block_on([&] { co_return 1; });", "closure")
        self.breaks("{ auto f = [n]() -> Async<int> { co_return n; }; spawn(f()); }", "closure")

    def test_closure_that_is_kept(self):
        self.keeps("rt::spawn([n]() -> Async<int> { co_return n; });")
        self.keeps("set.spawn<int>([n]() -> Async<int> { co_return n; });")
        self.keeps("{ auto f = [n]() -> Async<int> { co_return n; }; spawn(f); set.spawn(std::move(f)); }")
        self.keeps("auto f = [](int n) -> Async<int> { co_return n; };")
        self.keeps("auto f = [n] { return [](int m) -> Async<int> { co_return m; }(n); };")

    def test_fence(self):
        self.breaks("std::atomic_thread_fence(std::memory_order_seq_cst);", "fence")

    def test_lock(self):
        self.breaks("{ rt::Lock lock(m); x = 1; co_await f(); }", "lock")
        self.breaks("{ std::unique_lock<M> lock{m}; co_await f(); }", "lock")

    def test_lock_that_ends_before(self):
        self.keeps("{ { rt::Lock lock(m); x = 1; } co_await f(); }")
        self.keeps("{ rt::Lock lock(m); x = 1; lock.unlock(); co_await f(); }")

    def test_thread_local_kept(self):
        mine = "thread_local Mine mine;\n"
        self.breaks(mine + "Async<> f() { Mine* p = &mine; co_await g(); p->n = 1; }", "thread")
        self.breaks(mine + "Async<> f() { auto& m = mine.parts[1]; co_await g(); use(m); }", "thread")
        self.breaks("Async<> f() { static thread_local int turn = 0; int& t = turn; for (;;) { co_await g(); ++t; } }", "thread")
        self.breaks("inline thread_local std::array<int, 3> a{};\nAsync<> f() { auto* p = &a[1]; g(co_await h()); ++*p; }", "thread")

    def test_thread_local_that_is_not_kept(self):
        mine = "thread_local Mine mine;\n"
        self.keeps(mine + "Async<> f() { Mine* p = &mine; p->n = 1; co_await g(); mine.n = 2; }")
        self.keeps(mine + "Async<> f() { Mine copy = mine; co_await g(); use(copy); }")
        self.keeps(mine + "Async<> f() { auto& part = mine.make(); co_await g(); use(part); }")
        self.keeps(mine + "Async<> f() { { auto& m = mine; ++m.n; } co_await g(); int m = 0; ++m; }")
        self.keeps(mine + "void f() { auto& m = mine; auto a = [](int n) -> Async<> { co_await g(n); }; use(m, a); }")
        self.keeps("Async<> f() { Mine* p = &other; co_await g(); p->n = 1; }")

    def test_exception_told_of_inside_its_catch(self):
        self.breaks("try { f(); } catch (...) { error_ = std::current_exception(); waker.wake(); }", "catch")
        self.breaks("try { f(); } catch (...) { slot.store(box(std::current_exception())); }", "catch")
        self.breaks("try { f(); } catch (...) { rt::Lock lock(m); s->error = std::current_exception(); }", "catch")
        self.breaks("try { f(); } catch (const E& e) {\n  s->error = std::current_exception();\n  s->done.notify_one();\n}", "catch")

    def test_exception_told_of_afterwards(self):
        self.keeps("std::exception_ptr e; try { f(); } catch (...) { e = std::current_exception(); } s->tell(std::move(e)); w.wake();")
        self.keeps("try { f(); } catch (...) { outcome.set_exception(std::current_exception()); }")
        self.keeps("try { f(); } catch (...) { w.wake(); throw; }")
        self.keeps("{ rt::Lock lock(m); try { f(); } catch (...) { e = std::current_exception(); } }")
        self.keeps("try { f(); } catch (...) { { rt::Lock lock(m); ++n; } e = std::current_exception(); }")

    def test_an_exception_needs_a_reason(self):
        line = "auto f = [n]() -> Async<int> { co_return n; };"
        self.keeps(line + "  // house-rule: allow this one dangles on purpose")
        self.keeps("// house-rule: allow this one dangles on purpose\n" + line)
        self.breaks(line + "  // house-rule: allow", "closure")
        self.breaks("// house-rule: allow another line\n\n" + line, "closure")

    def test_the_reason_is_told(self):
        path = self.tree(**{"a.cpp": "\nco_await f({1});\n"}) / "a.cpp"
        self.assert_caught(house_rules.check(path, "a.cpp"), "a.cpp:2: a braced temporary inside a co_await expression")


class Forms(CourseTest):
    """tests/course/co_await_forms.md"""

    def test_each_is_reported_by_its_rule(self):
        for form in co_await_forms.forms():
            found = {finding.rule for finding in house_rules.check_text(form.function(0))}
            self.assertEqual(found, {form.rule} - {"none"}, form.code)

    def test_each_compiles_as_the_page_says(self):
        self.assert_clean(co_await_forms.problems(os.environ.get("PBP_CXX", "g++")))


if __name__ == "__main__":
    unittest.main()
