"""The expressions in our rules and dashboards, and what they select."""

import re
from collections.abc import Iterator
from pathlib import Path

import promql_parser
from promql_parser import AggModifier, AggregateExpr, VectorSelector
from pydantic import BaseModel

from cos import AlertRules, JujuTopology

SRC = Path(__file__).parents[1] / "src"
TOPOLOGY = JujuTopology(
    model="model",
    model_uuid="2f8d4f2e-6a0a-4b3e-9f63-0d7f1c3b5a10",
    application="fastapi-demo",
    unit="fastapi-demo/0",
    charm_name="fastapi-demo",
)
_LINE_FILTER = re.compile(r'\|[=~] "(?:[^"\\]|\\.)*"')


class _Target(BaseModel):
    expr: str


class _Panel(BaseModel):
    title: str
    targets: tuple[_Target, ...]


class _Dashboard(BaseModel):
    panels: tuple[_Panel, ...]


def bound_rules(directory: str) -> AlertRules:
    """Return the rules of a directory as the remote application gets them."""
    return AlertRules.load(SRC / directory).bound_to(TOPOLOGY)


def expressions() -> list[tuple[str, str]]:
    """Return every expression in PromQL and LogQL, after the name of its alert or panel."""
    groups = (
        *bound_rules("prometheus_alert_rules").groups,
        *bound_rules("loki_alert_rules").groups,
    )
    rules = [(rule.alert, rule.expr) for group in groups for rule in group.rules]
    files = (SRC / "grafana_dashboards").glob("*.json")
    dashboards = [_Dashboard.model_validate_json(file.read_text()) for file in files]
    panels = [panel for dashboard in dashboards for panel in dashboard.panels]
    return rules + [(panel.title, target.expr) for panel in panels for target in panel.targets]


def selections(expression: str) -> list[tuple[VectorSelector, set[str]]]:
    """Return each selector, with the labels that it matches and those that are grouped by.

    Without line filters, our LogQL is PromQL, but its selectors have no name. Grafana replaces its
    variable with a duration.

    Raises:
        ValueError: when the expression is malformed.
    """
    text = _LINE_FILTER.sub("", expression).replace("$__rate_interval", "5m")
    return list(_selections(promql_parser.parse(text)))


def _selections(root: promql_parser.Expr) -> Iterator[tuple[VectorSelector, set[str]]]:
    nodes: list[promql_parser.Expr] = []
    promql_parser.walk(root, nodes.append)
    for node in nodes:
        match node:
            case VectorSelector():
                yield node, {matcher.name for matcher in node.matchers.matchers}
            case AggregateExpr(modifier=AggModifier() as grouping):
                for selector, labels in _selections(node.expr):
                    yield selector, labels | set(grouping.labels)
            case _:
                pass
