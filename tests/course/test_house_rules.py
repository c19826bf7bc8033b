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
    """The rules for co_await expressions are tried by each line of co_await_forms.md."""

    def rules(self, text: str) -> list:
        return [finding.rule for finding in house_rules.check_text(text)]

    def breaks(self, text: str, *rules: str) -> None:
        self.assertEqual(self.rules(text), list(rules), text)

    def keeps(self, text: str) -> None:
        self.breaks(text)

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

    def test_lock_without_a_name(self):
        self.breaks("void f() { Lock(mutex_); ++n; }", "unnamed")
        self.breaks("void f() {\n  ++n;\n  rt::Lock(mutex_);\n}", "unnamed")
        self.keeps("void f() { Lock lock(mutex_); ++n; }")
        self.keeps("void f() { Lock lock; lock = Lock(mutex_); g(Lock(mutex_)); }")
        self.keeps("class Lock { explicit Lock(Mutex& mutex); };")

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
        self.assert_caught(house_rules.check(path, "a.cpp"), "a.cpp:2: g++ 12 copies a braced temporary inside a co_await expression")


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
