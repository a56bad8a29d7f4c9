"""What Prometheus and Grafana read, and what they say about it."""

import json
import socket
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from ops.testing import Relation, State
from pydantic import ValidationError

from cos import (
    AlertRules,
    DashboardError,
    GrafanaDashboardProvider,
    MetricsEndpointProvider,
    Objection,
    ScrapeJob,
    StaticConfig,
    load_dashboards,
)
from cos._remote import RemoteApplication
from cos.testing import (
    dashboards_in,
    relation_with_grafana,
    relation_with_loki,
    relation_with_prometheus,
    scraping_in,
)
from databag import parse
from databag.fuzzing import check, hostile
from unit.cos.topology import METADATA, MODEL, TOPOLOGY
from unit.databag.one_endpoint import E, OneEndpoint, only

METRICS, DASHBOARDS = "metrics-endpoint", "grafana-dashboard"
META: dict[str, object] = {
    "name": "my-charm",
    "provides": {
        METRICS: {"interface": "prometheus_scrape"},
        DASHBOARDS: {"interface": "grafana_dashboard"},
    },
}
DASHBOARD = {"uid": "0123456789" * 4, "version": 1, "title": "Übersicht", "panels": [{"id": 1}]}
JOB = ScrapeJob.of_units(8000)
JOB_ON_THE_WIRE = {"metrics_path": "/metrics", "static_configs": [{"targets": ["*:8000"]}]}


def charm(rules: Path | None = None, job: ScrapeJob = JOB) -> OneEndpoint[MetricsEndpointProvider]:
    return OneEndpoint(
        lambda charm: MetricsEndpointProvider(charm, METRICS, lambda: [job], alert_rules=rules),
        META,
        "my.app",
    )


def written(unit: OneEndpoint[E], relation: Relation) -> Relation:
    state = State(leader=True, relations={relation}, model=MODEL)
    unit.dispatch(unit.on.relation_created(relation), state)
    return only(unit.state)


def decoded(databag: Mapping[str, str]) -> dict[str, object]:
    assert "null" not in "".join(databag.values()), "hooks of remote applications fail on it"
    return {key: json.loads(text) for key, text in databag.items()}


def test_prometheus_gets_jobs_metadata_rules_and_the_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "down.rules").write_text("alert: Down\nexpr: up{%%juju_topology%%} == 0\n")
    monkeypatch.setattr(socket, "getfqdn", lambda: "my-app-0.test")
    unit, relation = charm(tmp_path), relation_with_prometheus(METRICS)

    assert scraping_in(written(unit, relation)).scrape_jobs == (JOB,)

    application, of_unit = unit.written(relation)
    rules = AlertRules.load(tmp_path).bound_to(TOPOLOGY)
    assert decoded(application) == {
        "scrape_jobs": [JOB_ON_THE_WIRE],
        "scrape_metadata": METADATA,
        "alert_rules": rules.model_dump(mode="json", by_alias=True),
    }
    assert of_unit == {
        "prometheus_scrape_unit_address": "my-app-0.test",
        "prometheus_scrape_unit_name": "my.app/0",
    }


def test_a_job_with_all_there_is_and_no_rules_on_the_wire() -> None:
    wire = {
        "metrics_path": "/m",
        "static_configs": [{"targets": ["*:1", "host:2"], "labels": {"a": "b"}}],
        "job_name": "x",
        "scheme": "https",
        "scrape_interval": "1m30s",
        "scrape_timeout": "10s",
        "sample_limit": 5,
    }
    job = ScrapeJob.model_validate(wire)

    relation = written(charm(None, job), relation_with_prometheus(METRICS))

    databag = decoded(relation.local_app_data)
    assert databag == {"scrape_jobs": [wire], "scrape_metadata": METADATA, "alert_rules": {}}
    assert scraping_in(relation).scrape_jobs == (job,)


WRONG_DASHBOARDS = (
    '"uid": "short"|"uid": null|"version": 0|"version": "1"|"title": ""|"templating": {}|}'
)
WRONG_TARGETS = "a b:80|*:\N{SUPERSCRIPT TWO}|*|host|*:x|*:0|*:65536|[::1]:80|::1:80|:80"


@pytest.mark.parametrize("target", WRONG_TARGETS.split("|"))
def test_a_target_that_fails_the_hook_of_prometheus_is_refused(target: str) -> None:
    with pytest.raises(ValidationError):
        StaticConfig(targets=(target,))


@pytest.mark.parametrize(
    "wrong", [{"static_configs": []}, {"metrics_path": "metrics"}, {"scheme": "h2c"}]
)
def test_a_job_that_prometheus_would_refuse_cannot_be_made(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        ScrapeJob.model_validate(JOB_ON_THE_WIRE | wrong)


def test_grafana_gets_each_dashboard_and_whom_it_is_about(tmp_path: Path) -> None:
    (tmp_path / "overview.json").write_text(json.dumps(DASHBOARD, indent=2))
    (tmp_path / "README.md").write_text("not a dashboard")
    unit = OneEndpoint(
        lambda charm: GrafanaDashboardProvider(charm, DASHBOARDS, tmp_path), META, "my.app"
    )

    relation = written(unit, relation_with_grafana(DASHBOARDS))

    databag: Mapping[str, str] = relation.local_app_data
    template = json.loads(databag["dashboards"])["templates"]["file:overview"]
    assert template.pop("content")
    juju = {"charm": "my-charm", "juju_topology": METADATA}
    assert template == {**juju, "inject_dropdowns": True}
    ((name, content),) = dashboards_in(relation).items()
    compact = json.dumps(DASHBOARD, separators=(",", ":"))
    assert (name, content) == ("file:overview", compact)

    (tmp_path / "overview.json").write_text(json.dumps(DASHBOARD, indent=8))
    assert written(unit, relation).local_app_data == databag


@pytest.mark.parametrize("wrong", WRONG_DASHBOARDS.split("|"))
def test_a_dashboard_that_remote_applications_drop_or_fail_on_is_refused(
    tmp_path: Path, wrong: str
) -> None:
    text = json.dumps(DASHBOARD)[:-1]
    (tmp_path / "wrong.json").write_text(f"{text}, {wrong}}}")

    with pytest.raises(DashboardError, match=r"wrong\.json"):
        load_dashboards(tmp_path)


@pytest.mark.parametrize(
    ("event", "reasons", "warning"),
    [
        ("{}", [], None),
        ("null", [], None),
        ('{"errors": "", "scrape_job_errors": ""}', [], None),
        ('{"errors": "bad\\nrule", "scrape_job_errors": "bad job"}', ["bad rule", "bad job"], None),
        ('{"errors": null, "scrape_job_errors": "bad"}', ["bad"], None),
        ('{"errors": [{}]}', [], None),
        ('{"errors": [{"error": "bad"}]}', ["bad"], None),
        ('{"errors": [{"dashboard_id": "file:a"}]}', ["file:a"], None),
        ('{"errors": [{"dashboard_id": "file:a", "error": "no\\nuid"}]}', ["file:a: no uid"], None),
        ("{", [], "`event` from p: it is not JSON"),
        ('"x"', [], "`event` from p: it is not an object"),
        ('{"errors": 5, "scrape_job_errors": "b"}', ["b"], "`errors` from p: it has a part"),
        ('{"errors": "b", "scrape_job_errors": []}', ["b"], "`scrape_job_errors` from p: it is"),
        ('{"errors": [{"error": 5, "dashboard_id": "a"}]}', ["a"], "`error` from p: it is"),
    ],
)
def test_what_a_remote_application_says_is_wrong(
    event: str, reasons: list[str], warning: str | None
) -> None:
    """What is malformed is logged by its key, and hides nothing else."""
    unit = charm()
    relation = Relation(METRICS, remote_app_name="p", remote_app_data={"event": event})
    changed = unit.on.relation_changed(relation)

    objections = unit.dispatch(changed, State(relations={relation})).objections

    assert [each.reason for each in objections] == reasons
    warnings = unit.logged("WARNING")
    assert len(warnings) == (warning is not None)
    assert all(line.startswith(f"ignoring {warning}") for line in warnings)


def test_every_related_application_is_heard() -> None:
    unit = charm()
    relations = (
        relation_with_prometheus(METRICS, errors="bad", remote_app_name="one"),
        relation_with_prometheus(METRICS, remote_app_name="two"),
        relation_with_prometheus(METRICS, scrape_job_errors="worse", remote_app_name="three"),
        relation_with_grafana(METRICS, errors={"a": "b"}, remote_app_name="four"),
        relation_with_loki(METRICS, errors="bad", remote_app_name="five"),
    )

    metrics = unit.dispatch(unit.on.update_status(), State(relations=frozenset(relations)))

    said = {"one": "bad", "three": "worse", "four": "a: b", "five": "bad"}
    assert set(metrics.objections) == {Objection(*each) for each in said.items()}


@given(hostile(RemoteApplication, {"event": '{"errors": "bad"}'}))
def test_any_event_is_read_and_shown_on_a_line(databag: dict[str, str]) -> None:
    check(RemoteApplication, databag)

    answer = parse(RemoteApplication, databag).answer
    assert isinstance(answer, RemoteApplication)
    assert all(reason.isprintable() for reason in answer.event.reasons)
