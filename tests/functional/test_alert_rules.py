"""promtool reads our rules as Prometheus gets them, and plays what has to set them off."""

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from environment import tools
from functional.needed import needed
from observability_expressions import SRC, TOPOLOGY, bound_rules

RULES = bound_rules(SRC / "prometheus_alert_rules")
NAMES = [rule.alert for group in RULES.groups for rule in group.rules]


def _labels(unit: int = 0, application: str = "fastapi-demo") -> str:
    """Return what Prometheus adds to the series of a unit."""
    labels = {
        "juju_model": TOPOLOGY.model,
        "juju_model_uuid": TOPOLOGY.model_uuid,
        "juju_application": application,
        "juju_unit": f"{application}/{unit}",
    }
    return ", ".join(f'{name}="{value}"' for name, value in labels.items())


U0, U1, OTHERS = _labels(), _labels(1), _labels(application="other")


def requests(path: str, status: int, labels: str = U0) -> str:
    """Return the series that counts the requests of a path."""
    return (
        f'starlette_requests_total{{{labels}, method="GET", path="{path}", status_code="{status}"}}'
    )


def bucket(limit: str) -> str:
    """Return the series that counts the requests that took no longer than a limit."""
    return (
        f'starlette_request_duration_seconds_bucket{{{U0}, le="{limit}", '
        'path="/names", status_code="200"}'
    )


START = f"process_start_time_seconds{{{U0}}}"

# For each alert: what it is about, the series with a value a minute, the minute, and the units that
# it fires for; None where no unit can be told.
FIRING: list[tuple[str, str, Mapping[str, str], int, Sequence[int | None]]] = [
    ("FastAPIDemoDown", "a unit", {f"up{{{U0}}}": "0x9", f"up{{{U1}}}": "1x9"}, 6, [0]),
    ("FastAPIDemoDown", "both units", {f"up{{{U0}}}": "0x9", f"up{{{U1}}}": "0x9"}, 6, [0, 1]),
    ("FastAPIDemoMetricsMissing", "no target", {f"up{{{OTHERS}}}": "1x9"}, 6, [None]),
    ("FastAPIDemoRestarting", "three times", {START: "1 1 2 2 3 3 4 4 4"}, 8, [0]),
    (
        "FastAPIDemoDatabaseUnreachable",
        "every request for it fails",
        {
            requests("/names", 500): "0+2x20",
            requests("/names", 200): "7x20",
            requests("/version", 200): "0+6x20",
        },
        10,
        [0],
    ),
    (
        "FastAPIDemoDatabaseUnreachable",
        "behind a prefix, of one unit of two",
        {
            requests("/m-fastapi-demo/addname/", 500): "0+2x20",
            requests("/m-fastapi-demo/addname/", 200, U1): "0+2x20",
        },
        10,
        [0],
    ),
    (
        "FastAPIDemoErrors",
        "a tenth",
        {requests("/error", 500): "0+10x20", requests("/names", 200): "0+90x20"},
        10,
        [0],
    ),
    (
        "FastAPIDemoErrors",
        "a tenth, and many checks",
        {
            requests("/error", 500): "0+1x20",
            requests("/names", 200): "0+9x20",
            requests("/version", 200): "0+900x20",
            requests("/metrics", 200): "0+900x20",
        },
        10,
        [0],
    ),
    (
        "FastAPIDemoSlow",
        "a tenth takes longer than a second",
        {bucket("1.0"): "0+90x30", bucket("2.5"): "0+100x30", bucket("+Inf"): "0+100x30"},
        20,
        [0],
    ),
    (
        "FastAPIDemoRequestsStuck",
        "over all methods",
        {
            f'starlette_requests_in_progress{{{U0}, method="GET"}}': "15x5",
            f'starlette_requests_in_progress{{{U0}, method="POST"}}': "15x5",
        },
        3,
        [0],
    ),
]

QUIET: list[tuple[str, str, Mapping[str, str], int]] = [
    ("FastAPIDemoDown", "not for long", {f"up{{{U0}}}": "0x9"}, 3),
    ("FastAPIDemoDown", "up", {f"up{{{U0}}}": "1x9"}, 9),
    ("FastAPIDemoDown", "another application", {f"up{{{OTHERS}}}": "0x9"}, 9),
    ("FastAPIDemoMetricsMissing", "a target that is down", {f"up{{{U0}}}": "0x9"}, 9),
    ("FastAPIDemoRestarting", "an upgrade and a config change", {START: "1 1 2 2 3 3 3 3 3"}, 8),
    (
        "FastAPIDemoDatabaseUnreachable",
        "some requests succeed",
        {requests("/names", 500): "0+9x20", requests("/names", 200): "0+1x20"},
        15,
    ),
    (
        "FastAPIDemoDatabaseUnreachable",
        "it is not about the database",
        {requests("/error", 500): "0+9x20", requests("/names", 404): "0+9x20"},
        15,
    ),
    ("FastAPIDemoDatabaseUnreachable", "nobody asks", {requests("/names", 500): "5x20"}, 15),
    (
        "FastAPIDemoErrors",
        "a few",
        {requests("/error", 500): "0+4x20", requests("/names", 200): "0+96x20"},
        15,
    ),
    (
        "FastAPIDemoErrors",
        "mistakes of clients",
        {requests("/names", 404): "0+50x20", requests("/names", 200): "0+50x20"},
        15,
    ),
    (
        "FastAPIDemoErrors",
        "another application",
        {requests("/error", 500, OTHERS): "0+50x20"},
        15,
    ),
    (
        "FastAPIDemoSlow",
        "one of a hundred",
        {bucket("1.0"): "0+99x30", bucket("2.5"): "0+100x30", bucket("+Inf"): "0+100x30"},
        25,
    ),
    (
        "FastAPIDemoRequestsStuck",
        "busy",
        {f'starlette_requests_in_progress{{{U0}, method="GET"}}': "20x5"},
        5,
    ),
]


def promtool(*arguments: str | Path) -> None:
    """Run promtool, and fail with what it says."""
    with needed():
        executable = tools.prometheus().promtool
    done = subprocess.run(
        [executable, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": os.environ["PATH"]},
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """The rules as Prometheus gets them; JSON is YAML."""
    file = tmp_path / "rules.yaml"
    file.write_text(RULES.model_dump_json(by_alias=True))
    return file


def play(rules: Path, series: Mapping[str, str], **expectation: object) -> None:
    """Play series with a value a minute, and fail if the expectation is not met."""
    test = {
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        **expectation,
    }
    file = rules.with_name("test.yaml")
    file.write_text(json.dumps({"rule_files": [rules.name], "tests": [test]}))
    promtool("test", "rules", file)


def firing(alert: str, minute: int, units: Sequence[int | None]) -> dict[str, object]:
    """Return an expectation: an alert fires for these units, once each, and for no others."""
    samples = [
        {"labels": "{}" if unit is None else f'{{juju_unit="fastapi-demo/{unit}"}}', "value": 1}
        for unit in units
    ]
    expression = f'sum by (juju_unit) (ALERTS{{alertname="{alert}", alertstate="firing"}})'
    return {"expr": expression, "eval_time": f"{minute}m", "exp_samples": samples}


def test_promtool_takes_the_rules(rules: Path) -> None:
    promtool("check", "rules", rules)


@pytest.mark.parametrize(
    ("alert", "situation", "series", "minute", "units"),
    FIRING,
    ids=[f"{alert}: {situation}" for alert, situation, *_ in FIRING],
)
def test_an_alert_fires(
    rules: Path,
    *,
    alert: str,
    situation: str,
    series: Mapping[str, str],
    minute: int,
    units: Sequence[int | None],
) -> None:
    play(rules, series, promql_expr_test=[firing(alert, minute, units)])


@pytest.mark.parametrize(
    ("alert", "situation", "series", "minute"),
    QUIET,
    ids=[f"{alert}: {situation}" for alert, situation, *_ in QUIET],
)
def test_an_alert_does_not_fire(
    rules: Path, alert: str, situation: str, series: Mapping[str, str], minute: int
) -> None:
    play(rules, series, promql_expr_test=[firing(alert, minute, [])])


def test_every_alert_is_seen_firing_and_not_firing() -> None:
    assert {alert for alert, *_ in FIRING} == {alert for alert, *_ in QUIET} == set(NAMES)


def test_an_alert_names_the_unit_its_application_and_the_numbers(rules: Path) -> None:
    series = {requests("/error", 500): "0+10x20", requests("/names", 200): "0+90x20"}
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
    fired = {
        "alertname": "FastAPIDemoErrors",
        "eval_time": "10m",
        "exp_alerts": [{"exp_labels": labels, "exp_annotations": annotations}],
    }

    play(rules, series, alert_rule_test=[fired])
