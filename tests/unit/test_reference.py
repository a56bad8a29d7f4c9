"""The tables of the documents are equal to the code: variables, log lines, alerts.

``test_declared.py`` does the same for options, actions and endpoints, ``test_status.py`` for statuses.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import ingress.testing
from postgresql_client.testing import CA, Response, relation_for_requirer
from unit.charm_unit import Ctx, changed, environment, new_unit, with_relations

ROOT = Path(__file__).parents[2]
_LEVELS = ("debug", "info", "warning", "error", "exception", "critical")
_ALERT = re.compile(r"- alert: (\S+)\n.*?severity: (\S+)", re.DOTALL)


def rows(document: str, heading: str) -> list[list[str]]:
    """Return the cells of the first table under a heading, without the quotes of code."""
    _, _, section = (ROOT / "docs" / document).read_text().partition(f" {heading}\n")
    (table, *_) = re.findall(r"(?:^\|.*\n)+", section, re.MULTILINE)
    lines = table.splitlines()[2:]
    return [[cell.strip(" `") for cell in line.strip("| ").split(" | ")] for line in lines]


def logged() -> Iterator[tuple[str, str]]:
    """Find the level and the format of every line that the charm and its libraries can log."""
    for file in [*ROOT.glob("src/*.py"), *ROOT.glob("lib/*/*.py")]:
        for node in ast.walk(ast.parse(file.read_text())):
            match node:
                case ast.Call(
                    func=ast.Attribute(value=ast.Name("logger"), attr=level), args=[text, *_]
                ) if level in _LEVELS:
                    assert isinstance(text, ast.Constant)
                    yield level.upper(), str(text.value)


def fits(line: str, text: str) -> bool:
    """Whether a line can be one with this format."""
    return bool(re.fullmatch(re.sub(r"%[sd]", ".+", re.escape(text)), line))


def test_the_reference_has_every_variable_of_the_server(ctx: Ctx) -> None:
    state = new_unit(relation_for_requirer("database", response=Response(tls_ca=CA)))
    route = ingress.testing.relation_for_requirer("ingress", url="https://names.example/prefix")

    out = changed(ctx, with_relations(state, route))

    described = [name for name, *_ in rows("reference.md", "Environment of the server")]
    assert sorted(described) == sorted(environment(out))


def test_the_reference_has_every_log_line() -> None:
    formats = set(logged())
    described = set()
    for level, line, _ in rows("reference.md", "Log lines"):
        fitting = [each for each in formats if each[0] == level and fits(line, each[1])]
        assert fitting, line
        described.add(max(fitting, key=lambda each: len(each[1])))

    assert described == formats


def test_the_how_to_has_every_alert() -> None:
    rules = [file.read_text() for file in ROOT.glob("src/*_alert_rules/*")]

    described = [(alert, severity) for alert, severity, *_ in rows("how-to.md", "Alerts")]
    assert sorted(described) == sorted(found for text in rules for found in _ALERT.findall(text))
