"""promtool simulates what each alert is about: the alert fires then, and is silent otherwise."""

import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from environment import tools
from functional.needed import needed
from observability_expressions import TOPOLOGY, bound_rules

RULES = bound_rules("prometheus_alert_rules")


def series(name: str, unit: int = 0, application: str = "fastapi-demo", **labels: object) -> str:
    """Return a series as Prometheus stores it for a unit."""
    labels |= {
        "juju_model": TOPOLOGY.model,
        "juju_model_uuid": TOPOLOGY.model_uuid,
        "juju_application": application,
        "juju_unit": f"{application}/{unit}",
    }
    matchers = ", ".join(f'{label}="{value}"' for label, value in labels.items())
    return f"{name}{{{matchers}}}"


def requests(path: str, status: int, unit: int = 0, application: str = "fastapi-demo") -> str:
    return series("starlette_requests_total", unit, application, path=path, status_code=status)


def durations(*, under_a_second: int) -> Mapping[str, str]:
    """Return what 100 requests a minute take."""
    counts = {"1.0": under_a_second, "2.5": 100, "+Inf": 100}
    name = "starlette_request_duration_seconds_bucket"
    return {
        series(name, path="/names", status_code=200, le=limit): f"0+{number}x30"
        for limit, number in counts.items()
    }


UP, UP_1, UP_OTHER = series("up"), series("up", 1), series("up", application="other")
START = series("process_start_time_seconds")
GET, POST = (series("starlette_requests_in_progress", method=each) for each in ("GET", "POST"))
NAMES, NO_NAMES, NOT_FOUND = (requests("/names", status) for status in (200, 500, 404))
ERROR, ERROR_OTHER = requests("/error", 500), requests("/error", 500, application="other")
VERSION, METRICS = requests("/version", 200), requests("/metrics", 200)
PREFIXED, PREFIXED_1 = requests("/m/addname/", 500), requests("/m/addname/", 200, 1)
# For each alert: situations with a minute, the units that the alert fires for then, and the series
# with their values minute by minute. The unit is None where the alert cannot name it.
CASES: Mapping[str, Sequence[tuple[str, int, Sequence[int | None], Mapping[str, str]]]] = {
    "FastAPIDemoDown": [
        ("a unit", 6, [0], {UP: "0x9", UP_1: "1x9"}),
        ("both units", 6, [0, 1], {UP: "0x9", UP_1: "0x9"}),
        ("not for long", 3, [], {UP: "0x9"}),
        ("up", 9, [], {UP: "1x9"}),
        ("another application", 9, [], {UP_OTHER: "0x9"}),
    ],
    "FastAPIDemoMetricsMissing": [
        ("no target", 6, [None], {UP_OTHER: "1x9"}),
        ("a target that is down", 9, [], {UP: "0x9"}),
    ],
    "FastAPIDemoRestarting": [
        ("three times", 8, [0], {START: "1 1 2 2 3 3 4 4 4"}),
        ("an upgrade and a config change", 8, [], {START: "1 1 2 2 3 3 3 3 3"}),
    ],
    "FastAPIDemoDatabaseUnreachable": [
        ("only Pebble asks", 10, [0], {NO_NAMES: "0+2x20", NAMES: "7x20", VERSION: "0+6x20"}),
        ("with a prefix, one of two", 10, [0], {PREFIXED: "0+2x20", PREFIXED_1: "0+2x20"}),
        ("some requests succeed", 15, [], {NO_NAMES: "0+9x20", NAMES: "0+1x20"}),
        ("not about the database", 15, [], {ERROR: "0+9x20", NOT_FOUND: "0+9x20"}),
        ("some time ago", 15, [], {NO_NAMES: "5x20"}),
    ],
    "FastAPIDemoErrors": [
        (
            "a tenth, and many checks",
            10,
            [0],
            {ERROR: "0+1x20", NAMES: "0+9x20", VERSION: "0+900x20", METRICS: "0+900x20"},
        ),
        ("a few", 15, [], {ERROR: "0+4x20", NAMES: "0+96x20"}),
        ("mistakes of clients", 15, [], {NOT_FOUND: "0+50x20", NAMES: "0+50x20"}),
        ("another application", 15, [], {ERROR_OTHER: "0+50x20"}),
    ],
    "FastAPIDemoSlow": [
        ("a tenth takes longer than a second", 20, [0], durations(under_a_second=90)),
        ("one of a hundred", 25, [], durations(under_a_second=99)),
    ],
    "FastAPIDemoRequestsStuck": [
        ("over all methods", 3, [0], {GET: "15x5", POST: "15x5"}),
        ("busy", 5, [], {GET: "20x5"}),
    ],
}


def situation(name: str, values: Mapping[str, str], **expected: object) -> Mapping[str, object]:
    """Return a test in promtool's format."""
    inputs = [{"series": each, "values": text} for each, text in values.items()]
    return {"name": name, "interval": "1m", "input_series": inputs, **expected}


def run_promtool(directory: Path, *tests: Mapping[str, object]) -> None:
    """Have promtool load the rules and run tests; JSON is YAML."""
    with needed():
        promtool = tools.prometheus("promtool")
    (directory / "rules.yaml").write_text(RULES.model_dump_json(by_alias=True))
    file = directory / "tests.yaml"
    file.write_text(json.dumps({"rule_files": ["rules.yaml"], "tests": tests}))
    done = subprocess.run(
        [promtool, "test", "rules", file], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_alerts_fire_for_the_units_that_they_are_about_and_for_no_others(tmp_path: Path) -> None:
    tests = []
    for alert in (rule.alert for group in RULES.groups for rule in group.rules):
        fires = f'sum by (juju_unit) (ALERTS{{alertname="{alert}", alertstate="firing"}})'
        for name, minute, units, values in CASES[alert]:
            labels = [
                "{}" if unit is None else f'{{juju_unit="fastapi-demo/{unit}"}}' for unit in units
            ]
            samples = [{"labels": each, "value": 1} for each in labels]
            expected = {"expr": fires, "eval_time": f"{minute}m", "exp_samples": samples}
            tests.append(situation(f"{alert}: {name}", values, promql_expr_test=[expected]))
        assert {bool(units) for _, _, units, _ in CASES[alert]} == {True, False}, alert

    run_promtool(tmp_path, *tests)


def test_an_alert_names_the_unit_its_application_and_the_numbers(tmp_path: Path) -> None:
    labels = {
        "severity": "warning",
        "juju_model": TOPOLOGY.model,
        "juju_model_uuid": TOPOLOGY.model_uuid,
        "juju_application": "fastapi-demo",
        "juju_charm": "fastapi-demo",
        "juju_unit": "fastapi-demo/0",
    }
    annotations = {
        "summary": "10% of the requests to fastapi-demo/0 fail",
        "description": (
            "More than 5% of the requests to fastapi-demo/0 in model model end in a server error. "
            "Look at the server's log."
        ),
    }
    alerts = [{"exp_labels": labels, "exp_annotations": annotations}]
    expected = {"alertname": "FastAPIDemoErrors", "eval_time": "10m", "exp_alerts": alerts}

    values = {ERROR: "0+10x20", NAMES: "0+90x20"}
    run_promtool(tmp_path, situation("its texts", values, alert_rule_test=[expected]))
