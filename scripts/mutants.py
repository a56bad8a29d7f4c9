"""Counts how many small changes of ``src`` and ``lib`` the tests notice: a mutation test.

A mutant is one change: a swapped comparison, a negated condition, a dropped call, another constant, or
None in place of a returned value. Text with a space in it is for people, and stays. The sample depends
on the changed statements alone, so the same code gives the same mutants in every commit. A mutant is
killed when one of the tests that run its line fails, or runs too long.
"""

import argparse
import ast
import hashlib
import importlib.abc
import importlib.machinery
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from types import ModuleType

import coverage
import hypothesis  # noqa: F401 - no mutant has to import again what is imported here
import ops.testing  # noqa: F401
import pytest

SWAPS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.Lt: ast.LtE,
    ast.Gt: ast.GtE,
    ast.Is: ast.IsNot,
    ast.In: ast.NotIn,
    ast.NotEq: ast.Eq,
    ast.LtE: ast.Lt,
    ast.GtE: ast.Gt,
    ast.IsNot: ast.Is,
    ast.NotIn: ast.In,
}
SKIPPED = ("annotation", "returns", "args", "decorator_list")  # of statements
SUITES = {"unit": 30.0, "functional": 40.0}  # seconds of tests for a mutant, the quickest first
PYTEST = ("-q", "--tb=no", "--hypothesis-seed=0", "-pno:cacheprovider", "-pno:xdist")
IGNORED = "-Wignore::pytest.PytestAssertRewriteWarning"  # of what is imported above
TIMEOUT = 300  # seconds


@dataclass
class Suite:
    """Which lines of a file each test runs, and how long each test takes."""

    lines: dict[str, dict[str, set[int]]]
    seconds: dict[str, float]

    def tests(self, file: str, line: int, limit: float) -> list[str]:
        """Return the tests of a line, as many as there is time for. An import is a part of all."""
        by_test = self.lines.get(file, {})
        is_imported = line in by_test.get("", set())
        found = [test for test, lines in by_test.items() if test and (is_imported or line in lines)]
        chosen, total = list[str](), 0.0
        for test in sorted(found, key=lambda test: self.seconds[test]):
            total += self.seconds[test]
            if not chosen or total <= limit:
                chosen.append(test)
        return chosen


def record(name: str) -> Suite:
    """Run the tests of a directory, and record them."""
    suite = Suite({}, {})
    measured = coverage.Coverage(data_file=None, source=["src", "lib"], config_file=False)

    class Plugin:
        @pytest.hookimpl(wrapper=True)
        def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
            measured.switch_context(item.nodeid)
            begin = time.monotonic()
            result = yield
            suite.seconds[item.nodeid] = time.monotonic() - begin
            return result

    measured.start()
    pytest.main([*PYTEST, IGNORED, f"tests/{name}"], plugins=[Plugin()])
    measured.stop()
    data = measured.get_data()
    for file in data.measured_files():
        by_test = suite.lines.setdefault(os.path.relpath(file), {})
        for line, tests in data.contexts_by_lineno(file).items():
            for test in tests:
                by_test.setdefault(test, set()).add(line)
    return suite


@dataclass
class Mutant:
    """One change, the ``number``-th of its file, and what the tests made of it."""

    key: str
    file: str
    number: int
    line: int
    kind: str
    before: str
    after: str
    outcome: str = "survived"


def mutations(tree: ast.Module) -> Iterator[tuple[ast.stmt, str, str]]:
    """Change a tree in one place after another; give the statement, the kind, and what it was."""
    for statement in ast.walk(tree):
        if not isinstance(statement, ast.stmt) or isinstance(statement, ast.ClassDef):
            continue
        before = ast.unparse(statement)
        is_text = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
        if is_text or "logger." in before.split("\n")[0]:
            continue
        for node in (statement, *_own_expressions(statement)):
            for kind, field, new in _changes(node):
                old: object = getattr(node, field)
                setattr(node, field, new)
                yield statement, kind, before
                setattr(node, field, old)


def _changes(node: ast.AST) -> Iterator[tuple[str, str, object]]:
    match node:
        case ast.Compare(ops=[op]) if type(op) in SWAPS:
            yield "comparison", "ops", [SWAPS[type(op)]()]
        case ast.If(test=test) | ast.IfExp(test=test) | ast.While(test=test):
            yield "condition", "test", ast.UnaryOp(ast.Not(), test)
        case ast.Expr(value=ast.Call()):
            yield "call", "value", ast.Constant(None)
        case ast.Return(value=ast.expr() as value) if not isinstance(value, ast.Constant):
            yield "return", "value", ast.Constant(None)
        case ast.Constant(value=bool() as flag):
            yield "constant", "value", not flag
        case ast.Constant(value=int() as number):
            yield "constant", "value", number + 1
        case ast.Constant(value=str() as text) if " " not in text:
            yield "constant", "value", f"{text}x"


def _own_expressions(node: ast.AST) -> Iterator[ast.AST]:
    """Find the expressions of a statement, without annotations and without pieces of f-strings."""
    for name, field in ast.iter_fields(node):
        for child in field if isinstance(field, list) else [field]:
            is_own = isinstance(child, ast.expr | ast.withitem | ast.keyword | ast.comprehension)
            is_skipped = isinstance(node, ast.stmt) and name in SKIPPED
            if is_own and not is_skipped and not isinstance(child, ast.JoinedStr):
                yield child
                yield from _own_expressions(child)


def sample(seed: int, count: int) -> list[Mutant]:
    """Return some of all mutants."""
    found, seen = list[Mutant](), Counter[str]()
    for path in sorted([*Path("src").rglob("*.py"), *Path("lib").rglob("*.py")]):
        if path.name in ("testing.py", "fuzzing.py"):
            continue
        for number, (statement, kind, before) in enumerate(mutations(ast.parse(path.read_text()))):
            text = f"{kind} {before} {(after := ast.unparse(statement))}"
            seen[text] += 1
            key = hashlib.sha256(f"{seed} {text} {seen[text]}".encode()).hexdigest()
            lines = zip(before.split("\n"), after.split("\n"), strict=False)
            was, is_now = next(((b, a) for b, a in lines if b != a), (before, after))
            mutant = Mutant(
                key, str(path), number, statement.lineno, kind, was.strip(), is_now.strip()
            )
            found.append(mutant)
    return sorted(found, key=lambda mutant: mutant.key)[:count]


class Finder(importlib.abc.Loader):
    """Finds and loads the file of a mutant, before anybody else does."""

    def __init__(self, mutant: Mutant) -> None:
        self._file = os.path.abspath(mutant.file)
        tree = ast.parse(Path(mutant.file).read_text())
        for number, _ in enumerate(mutations(tree)):
            if number == mutant.number:
                break
        self._code = compile(ast.fix_missing_locations(tree), self._file, "exec")

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Return how to load the mutant's module; None for all others."""
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is None or spec.origin != self._file:
            return None
        spec.loader = self
        return spec

    def exec_module(self, module: ModuleType) -> None:
        """Run the mutant's code."""
        exec(self._code, module.__dict__)


def run(suites: list[Suite], mutant: Mutant) -> Mutant:
    """Return the mutant, with the suite that kills it as its outcome if one does."""
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(null, stream)
    sys.meta_path.insert(0, Finder(mutant))
    signal.signal(signal.SIGALRM, signal.default_int_handler)
    signal.alarm(TIMEOUT)
    for (name, limit), suite in zip(SUITES.items(), suites, strict=True):
        tests = suite.tests(mutant.file, mutant.line, limit)
        if tests and pytest.main([*PYTEST, IGNORED, "-x", *tests]) != pytest.ExitCode.OK:
            return replace(mutant, outcome=name)
    return mutant


def main() -> None:
    """Record the tests, run them with a sample of mutants, and report the outcomes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=300, help="how many mutants (300)")
    parser.add_argument("--seed", type=int, default=0, help="which of all mutants (0)")
    parser.add_argument("--jobs", type=int, default=2, help="how many at a time (2)")
    options = parser.parse_args()
    outcomes: Counter[str] = Counter()
    # Each task has a new process: none sees what another one has imported.
    with get_context("fork").Pool(options.jobs, maxtasksperchild=1) as pool:
        suites = pool.map(record, SUITES, chunksize=1)
        mutants = sample(options.seed, options.count)
        for each in pool.imap_unordered(partial(run, suites), mutants):
            outcomes[each.outcome] += 1
            change = f"{each.before}  ->  {each.after}" if each.outcome == "survived" else each.kind
            print(f"{each.outcome}: {each.file}:{each.line}: {change}", flush=True)
    print(dict(outcomes))


if __name__ == "__main__":
    main()
