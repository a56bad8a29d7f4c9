"""The rules and the dashboard that operators see in Prometheus, Loki and Grafana."""

import json

import pytest

from cos import load_dashboards
from observability_expressions import SRC, bound_rules, expressions, selections


@pytest.mark.parametrize(
    "expression", [pytest.param(text, id=name) for name, text in expressions()]
)
def test_every_selector_is_bound_to_the_application(expression: str) -> None:
    found = selections(expression)

    assert found
    for selector, labels in found:
        in_metrics = {"juju_model_uuid"} if selector.name else set()
        assert labels >= {"juju_model", "juju_application"} | in_metrics


def test_every_alert_has_a_severity_and_says_what_to_do() -> None:
    names = []
    for directory in ("prometheus_alert_rules", "loki_alert_rules"):
        for rule in (rule for group in bound_rules(directory).groups for rule in group.rules):
            names.append(rule.alert)
            assert rule.labels["severity"] in {"critical", "warning"}
            assert rule.annotations.keys() == {"summary", "description"}
            assert "juju_unit" not in rule.labels

    assert len(set(names)) == len(names)


def test_the_dashboard_leaves_variables_and_data_sources_to_grafana() -> None:
    (text,) = load_dashboards(SRC / "grafana_dashboards").values()
    dashboard = json.loads(text)

    assert "templating" not in dashboard
    assert dashboard["tags"] == ["charm: fastapi-demo"]
    sources = {"prometheus": "${prometheusds}", "loki": "${lokids}"}
    for panel in dashboard["panels"]:
        for each in [panel, *panel["targets"]]:
            assert each["datasource"]["uid"] == sources[each["datasource"]["type"]]


def test_each_panel_has_a_place_and_an_id_of_its_own() -> None:
    (text,) = load_dashboards(SRC / "grafana_dashboards").values()
    panels = json.loads(text)["panels"]
    cells = [
        (x, y)
        for grid in (panel["gridPos"] for panel in panels)
        for x in range(grid["x"], grid["x"] + grid["w"])
        for y in range(grid["y"], grid["y"] + grid["h"])
    ]

    assert len({panel["id"] for panel in panels}) == len(panels)
    assert len(set(cells)) == len(cells)
    assert max(x for x, _ in cells) < 24
