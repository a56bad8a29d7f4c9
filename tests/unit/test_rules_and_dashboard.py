"""The files that operators see in Prometheus, Loki and Grafana, against what the server shows."""

import json

import pytest

from alert_rules import AlertRules
from grafana_dashboard.testing import Dashboard
from observability_expressions import (
    SRC,
    Expression,
    Use,
    exposed,
    logql,
    promql,
    streams,
    unknown,
    uses,
)

SERVER = """\
# HELP starlette_requests_total Total HTTP requests
# TYPE starlette_requests_total counter
starlette_requests_total{app_name="starlette",method="GET",path="/names",status_code="200"} 1.0
starlette_requests_in_progress{app_name="starlette",method="GET"} 1.0
starlette_request_duration_seconds_bucket{app_name="starlette",le="+Inf",method="GET",path="/names",status_code="200"} 1.0
python_info{implementation="CPython",major="3",minor="10",patchlevel="6",version="3.10.6"} 1.0
process_start_time_seconds 1.7956e+09
process_resident_memory_bytes 5.5e+07
process_cpu_seconds_total 1.78
process_open_fds 9.0
process_max_fds 20000.0
"""
RULES = [SRC / "prometheus_alert_rules", SRC / "loki_alert_rules"]
DASHBOARDS = SRC / "grafana_dashboards"
MATCHERS = {"juju_model", "juju_model_uuid", "juju_application"}


@pytest.mark.parametrize("expression", promql(), ids=lambda expression: expression.where)
def test_an_expression_uses_what_the_server_shows(expression: Expression) -> None:
    assert unknown([expression], SERVER) == []


@pytest.mark.parametrize("expression", promql(), ids=lambda expression: expression.where)
def test_every_selector_is_bound_to_the_application(expression: Expression) -> None:
    found = uses(expression)
    for metric in {use.metric for use in found}:
        assert {use.label for use in found if use.metric == metric} >= MATCHERS


@pytest.mark.parametrize("expression", logql(), ids=lambda expression: expression.where)
def test_every_stream_is_bound_to_the_application(expression: Expression) -> None:
    for matchers in streams(expression):
        names = {matcher.partition("=")[0] for matcher in matchers}
        assert names >= {"juju_model", "juju_application"}


def test_every_alert_says_how_bad_it_is_and_what_to_do() -> None:
    rules = [
        rule for path in RULES for group in AlertRules.load(path).groups for rule in group.rules
    ]
    for rule in rules:
        assert rule.labels["severity"] in {"critical", "warning"}
        assert rule.annotations.keys() == {"summary", "description"}
        assert "juju_unit" not in rule.labels
    names = [rule.alert for rule in rules]
    assert len(set(names)) == len(names)


def test_the_dashboard_leaves_variables_and_data_sources_to_the_peer() -> None:
    (dashboard,) = Dashboard.load_all(DASHBOARDS)
    content = json.loads(dashboard.text)

    assert "templating" not in content
    assert content["tags"] == ["charm: fastapi-demo"]
    sources = {"prometheus": "${prometheusds}", "loki": "${lokids}"}
    for panel in content["panels"]:
        for each in [panel, *panel["targets"]]:
            assert each["datasource"]["uid"] == sources[each["datasource"]["type"]]
    ids = [panel["id"] for panel in content["panels"]]
    assert len(set(ids)) == len(ids)


def test_the_panels_do_not_overlap() -> None:
    (dashboard,) = Dashboard.load_all(DASHBOARDS)
    cells = [
        (x, y)
        for panel in json.loads(dashboard.text)["panels"]
        for grid in [panel["gridPos"]]
        for x in range(grid["x"], grid["x"] + grid["w"])
        for y in range(grid["y"], grid["y"] + grid["h"])
    ]
    assert len(set(cells)) == len(cells)
    assert max(x for x, _ in cells) < 24


def test_what_the_server_does_not_show_is_found() -> None:
    expression = Expression(
        "here", 'sum by (colour) (rate(starlette_requests_total{shape="x"}[5m])) / gone'
    )

    assert sorted(unknown([expression], SERVER)) == [
        "here: gone, label None",
        "here: starlette_requests_total, label colour",
        "here: starlette_requests_total, label shape",
    ]


def test_the_labels_of_aggregations_count_for_what_is_aggregated() -> None:
    assert uses(Expression("", "sum by (a) (x) + max without (b) (y)")) == {
        Use("x", None),
        Use("x", "a"),
        Use("y", None),
        Use("y", "b"),
    }


def test_metrics_are_read_with_their_labels() -> None:
    text = 'a{x="1",y="}\\""} 2\na{z="1"} 2\n# b 3\nc 4e+09\n'
    assert exposed(text) == {"up": frozenset(), "a": frozenset("xyz"), "c": frozenset()}


@pytest.mark.parametrize(
    "text", ['{a="b"', "{}", '{a="b"} |= "{" } }', "sum(rate([5m]))", '{a="b", c}', "{a=b}"]
)
def test_malformed_logql_is_found(text: str) -> None:
    with pytest.raises(ValueError, match="here"):
        streams(Expression("here", text))
