"""The expressions in our rules and dashboards, and what they need of ``/metrics``."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import promql_parser
from pydantic import BaseModel

from alert_rules import AlertRules, Topology

SRC = Path(__file__).parents[1] / "src"
TOPOLOGY = Topology(
    model="model",
    model_uuid="2f8d4f2e-6a0a-4b3e-9f63-0d7f1c3b5a10",
    application="fastapi-demo",
    unit="fastapi-demo/0",
    charm_name="fastapi-demo",
)
# What Prometheus adds to each series that it scrapes from a Juju unit.
_ADDED_LABELS = frozenset(
    {"juju_model", "juju_model_uuid", "juju_application", "juju_charm", "juju_unit", "instance"}
)
_UP = "up"
_SERIES = re.compile(r"^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? \S+$", re.MULTILINE)
_LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"')
_STREAM = re.compile(r"""\{((?:[^"{}]|"(?:[^"\\]|\\.)*")*)\}""")
_STREAM_MATCHER = re.compile(r'\s*[a-zA-Z_]\w*\s*(?:=~|!~|!=|=)\s*"(?:[^"\\]|\\.)*"\s*')


@dataclass(frozen=True)
class Expression:
    """One expression, and where it stands."""

    where: str
    text: str


@dataclass(frozen=True)
class Use:
    """A metric, and a label of it that an expression looks at; None for the metric alone."""

    metric: str
    label: str | None


class _Datasource(BaseModel):
    type: str


class _Target(BaseModel):
    datasource: _Datasource
    expr: str


class _Panel(BaseModel):
    title: str
    targets: tuple[_Target, ...]


class _Dashboard(BaseModel):
    panels: tuple[_Panel, ...]


def bound_rules(directory: Path) -> AlertRules:
    """Return rules as the peer gets them."""
    return AlertRules.load(directory).bound_to(TOPOLOGY)


def rule_expressions(directory: Path) -> list[Expression]:
    """Return the expressions of the rules in a directory."""
    return [
        Expression(rule.alert, rule.expr)
        for group in bound_rules(directory).groups
        for rule in group.rules
    ]


def dashboard_expressions(directory: Path, datasource: str) -> list[Expression]:
    """Return the expressions of dashboards for ``prometheus`` or ``loki``."""
    return [
        Expression(f"{file.name}: {panel.title}", target.expr)
        for file in sorted(directory.glob("*.json"))
        for panel in _Dashboard.model_validate_json(file.read_text()).panels
        for target in panel.targets
        if target.datasource.type == datasource
    ]


def promql() -> list[Expression]:
    """Return every PromQL expression of ours."""
    return [
        *rule_expressions(SRC / "prometheus_alert_rules"),
        *dashboard_expressions(SRC / "grafana_dashboards", "prometheus"),
    ]


def logql() -> list[Expression]:
    """Return every LogQL expression of ours."""
    return [
        *rule_expressions(SRC / "loki_alert_rules"),
        *dashboard_expressions(SRC / "grafana_dashboards", "loki"),
    ]


def uses(expression: Expression) -> frozenset[Use]:
    """Return the metrics and labels of a PromQL expression.

    Raises:
        ValueError: when it is not PromQL.
    """
    return frozenset(_uses(_parsed(expression)))


def _parsed(expression: Expression) -> promql_parser.Expr:
    # What Grafana puts in the place of its variable is some duration.
    return promql_parser.parse(expression.text.replace("$__rate_interval", "5m"))


def _uses(root: promql_parser.Expr) -> Iterator[Use]:
    for node in _nodes(root):
        match node:
            case promql_parser.VectorSelector():
                yield Use(node.name or "", None)
                for matcher in node.matchers.matchers:
                    yield Use(node.name or "", matcher.name)
            case promql_parser.AggregateExpr() if node.modifier is not None:
                for selector in _nodes(node.expr):
                    if isinstance(selector, promql_parser.VectorSelector):
                        for label in node.modifier.labels:
                            yield Use(selector.name or "", label)
            case _:
                pass


def _nodes(root: promql_parser.Expr) -> list[promql_parser.Expr]:
    found: list[promql_parser.Expr] = []
    promql_parser.walk(root, found.append)
    return found


def exposed(metrics: str) -> dict[str, frozenset[str]]:
    """Return the labels of each metric in the text of ``/metrics``."""
    found: dict[str, frozenset[str]] = {_UP: frozenset()}
    for name, labels in _series(metrics):
        found[name] = found.get(name, frozenset()) | labels.keys()
    return found


def _series(metrics: str) -> Iterator[tuple[str, Mapping[str, str]]]:
    for name, labels in _SERIES.findall(metrics):
        yield name, dict(_LABEL.findall(labels))


def unknown(expressions: Iterable[Expression], metrics: str) -> list[str]:
    """Return what expressions use and the text of ``/metrics`` does not have."""
    known = exposed(metrics)
    return [
        f"{expression.where}: {use.metric}, label {use.label}"
        for expression in expressions
        for use in uses(expression)
        if use.metric not in known
        or (use.label and use.label not in known[use.metric] | _ADDED_LABELS)
    ]


def unmatched(expressions: Iterable[Expression], metrics: str) -> list[str]:
    """Return the selectors that select no series in the text of ``/metrics``."""
    series = [*_series(metrics), (_UP, {})]
    return [
        f"{expression.where}: {node}"
        for expression in expressions
        for node in _nodes(_parsed(expression))
        if isinstance(node, promql_parser.VectorSelector)
        and not any(_selects(node, name, labels) for name, labels in series)
    ]


def _selects(selector: promql_parser.VectorSelector, name: str, labels: Mapping[str, str]) -> bool:
    return selector.name == name and all(
        _accepts(matcher, labels.get(matcher.name, ""))
        for matcher in selector.matchers.matchers
        if matcher.name not in _ADDED_LABELS
    )


def _accepts(matcher: promql_parser.Matcher, value: str) -> bool:
    operator = promql_parser.MatchOp
    match matcher.op:
        case operator.Equal:
            return value == matcher.value
        case operator.NotEqual:
            return value != matcher.value
        case operator.Re:
            return re.fullmatch(matcher.value, value) is not None
        case _:
            return re.fullmatch(matcher.value, value) is None


def streams(expression: Expression) -> list[list[str]]:
    """Return the matchers of each stream selector of a LogQL expression.

    Raises:
        ValueError: when braces or matchers are malformed. This is no whole parser.
    """
    selectors = _STREAM.findall(expression.text)
    without_text = re.sub(r'"(?:[^"\\]|\\.)*"', "", expression.text)
    braces = {without_text.count("{"), without_text.count("}")}
    if not selectors or braces != {len(selectors)}:
        raise ValueError(f"{expression.where} has no pair of braces")
    found = [selector.split(", ") for selector in selectors]
    for matcher in (matcher for matchers in found for matcher in matchers):
        if not _STREAM_MATCHER.fullmatch(matcher):
            raise ValueError(f"{expression.where} has a malformed matcher: {matcher}")
    return found
