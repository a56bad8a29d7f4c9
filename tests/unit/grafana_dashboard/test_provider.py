"""What Grafana reads, over the whole life of a relation."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import ops
import pytest
from hypothesis import HealthCheck, given, settings
from ops.testing import Container, Context, Relation, State

from alert_rules import Objection
from grafana_dashboard import DashboardProvider
from grafana_dashboard.testing import (
    Dashboard,
    DashboardError,
    dashboards_written_by,
    relation_for_provider,
)
from unit.hook_tools import ORDINARY_EVENTS, calls_of_an_ordinary_event, counted
from unit.topology import MODEL, TEXTS, VALUES

ENDPOINT = "grafana-dashboard"
META = {
    "name": "application",
    "provides": {ENDPOINT: {"interface": "grafana_dashboard"}},
    "requires": {"database": {"interface": "postgresql_client"}},
    "containers": {"server": {}},
}
UID = "0123456789abcdef0123456789abcdef01234567"
DASHBOARD = {"uid": UID, "version": 3, "title": "Übersicht", "panels": [{"id": 1}]}
WRITES = ["leader_elected", "upgrade_charm"]


class ShownCharm(ops.CharmBase):
    """Brings dashboards."""

    directory: ClassVar[Path]

    def __init__(self, framework: ops.Framework) -> None:
        super().__init__(framework)
        self.dashboards = DashboardProvider(self, ENDPOINT, self.directory)


Ctx = Context[ShownCharm]


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    (tmp_path / "overview.json").write_text(json.dumps(DASHBOARD, indent=2))
    (tmp_path / "README.md").write_text("not a dashboard")
    return tmp_path


@pytest.fixture
def ctx(directory: Path) -> Ctx:
    return Context(type("ShownCharm", (ShownCharm,), {"directory": directory}), meta=META)


def unit(*relations: Relation, leader: bool = True) -> State:
    return State(
        leader=leader,
        relations=frozenset(relations),
        model=MODEL,
        containers={Container("server", can_connect=True)},
    )


def only(state: State) -> Relation:
    (relation,) = (each for each in state.relations if isinstance(each, Relation))
    return relation


def test_the_peer_gets_each_dashboard_and_whom_it_is_about(ctx: Ctx) -> None:
    relation = relation_for_provider(ENDPOINT)

    out = ctx.run(ctx.on.relation_created(relation), unit(relation))

    databag: Mapping[str, str] = only(out).local_app_data
    written = json.loads(databag["dashboards"])
    assert written.keys() == {"templates"}
    template = written["templates"].pop("file:overview")
    assert template.pop("content")
    assert template == {
        "charm": "application",
        "juju_topology": {
            "model": "demo",
            "model_uuid": "2f8d4f2e-6a0a-4b3e-9f63-0d7f1c3b5a10",
            "application": "application",
            "unit": "application/0",
            "charm_name": "application",
        },
        "inject_dropdowns": True,
    }
    assert written["templates"] == {}
    (content,) = dashboards_written_by(only(out)).values()
    assert json.loads(content) == DASHBOARD


@pytest.mark.parametrize("event", WRITES)
def test_a_missing_dashboard_is_written(ctx: Ctx, event: str) -> None:
    relation = relation_for_provider(ENDPOINT)

    out = ctx.run(getattr(ctx.on, event)(), unit(relation))

    assert dashboards_written_by(only(out)).keys() == {"file:overview"}


def test_an_upgrade_that_changes_a_dashboard_is_written(ctx: Ctx, directory: Path) -> None:
    relation = relation_for_provider(ENDPOINT)
    state = ctx.run(ctx.on.relation_created(relation), unit(relation))
    (directory / "overview.json").write_text(json.dumps(DASHBOARD | {"version": 4}))

    out = ctx.run(ctx.on.upgrade_charm(), state)

    (content,) = dashboards_written_by(only(out)).values()
    assert json.loads(content)["version"] == 4


@pytest.mark.parametrize("event", [*WRITES, "relation_changed", "relation_joined"])
def test_an_event_that_changes_nothing_writes_nothing(ctx: Ctx, event: str) -> None:
    relation = relation_for_provider(ENDPOINT)
    before = ctx.run(ctx.on.relation_created(relation), unit(relation))
    arguments = (only(before),) if event.startswith("relation") else ()

    with counted() as calls:
        ctx.run(getattr(ctx.on, event)(*arguments), before)

    assert calls.of("relation_set") == 0


def test_white_space_in_a_file_changes_nothing(ctx: Ctx, directory: Path) -> None:
    relation = relation_for_provider(ENDPOINT)
    before = ctx.run(ctx.on.relation_created(relation), unit(relation))
    (directory / "overview.json").write_text(json.dumps(DASHBOARD, indent=8))

    out = ctx.run(ctx.on.upgrade_charm(), before)

    assert only(out) == only(before)


@pytest.mark.parametrize("event", ["upgrade_charm", "config_changed"])
def test_a_follower_asks_and_writes_nothing(ctx: Ctx, event: str) -> None:
    relation = relation_for_provider(ENDPOINT)

    with counted() as calls:
        out = ctx.run(getattr(ctx.on, event)(), unit(relation, leader=False))

    assert calls.total == 0
    assert dashboards_written_by(only(out)) == {}


@pytest.mark.parametrize("event", ORDINARY_EVENTS)
def test_an_ordinary_event_asks_nothing(ctx: Ctx, event: str) -> None:
    idle = Context(ops.CharmBase, meta=META)
    state = unit(relation_for_provider(ENDPOINT))

    asked = calls_of_an_ordinary_event(ctx, event, state)

    assert asked == calls_of_an_ordinary_event(idle, event, state)


def test_a_relation_that_goes_is_left_alone(ctx: Ctx) -> None:
    relation = relation_for_provider(ENDPOINT)

    out = ctx.run(ctx.on.relation_broken(relation), unit(relation))

    assert dashboards_written_by(only(out)) == {}


def test_what_the_peer_says_is_wrong_is_told(ctx: Ctx) -> None:
    relation = relation_for_provider(ENDPOINT, errors={"file:overview": "no\nuid"})

    with ctx(ctx.on.update_status(), unit(relation)) as manager:
        assert manager.charm.dashboards.objections == (
            Objection("grafana-k8s", "file:overview: no uid"),
        )


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=TEXTS | VALUES.map(json.dumps) | VALUES.map(lambda v: json.dumps({"errors": v})))
def test_a_malformed_peer_fails_no_hook(ctx: Ctx, text: str) -> None:
    relation = replace(relation_for_provider(ENDPOINT), remote_app_data={"event": text})

    with ctx(ctx.on.relation_changed(relation), unit(relation)) as manager:
        out = manager.run()
        for objection in manager.charm.dashboards.objections:
            assert objection.reason.isprintable()

    assert dashboards_written_by(only(out)).keys() == {"file:overview"}


@pytest.mark.parametrize("text", ["{", '{"errors": "x"}', '{"errors": [5]}'])
def test_a_malformed_event_is_logged_once_and_not_shown(ctx: Ctx, text: str) -> None:
    relation = replace(relation_for_provider(ENDPOINT), remote_app_data={"event": text})

    with ctx(ctx.on.relation_changed(relation), unit(relation)) as manager:
        manager.run()
        assert manager.charm.dashboards.objections == ()

    warnings = [line.message for line in ctx.juju_log if line.level == "WARNING"]
    assert len(warnings) == 1
    assert warnings[0].startswith("ignoring what grafana-k8s wrote: its ")


@pytest.mark.parametrize(
    "wrong",
    [
        {"uid": "short"},
        {"uid": None},
        {"version": 0},
        {"version": "1"},
        {"title": ""},
        {"templating": {}},
        {"templating": {"list": []}},
    ],
)
def test_a_dashboard_that_peers_drop_or_fail_on_is_refused(
    tmp_path: Path, wrong: Mapping[str, object]
) -> None:
    file = tmp_path / "wrong.json"
    file.write_text(json.dumps({**DASHBOARD, **wrong}))

    with pytest.raises(DashboardError, match=r"wrong\.json"):
        Dashboard.load(file)


def test_what_is_no_json_is_refused(tmp_path: Path) -> None:
    (tmp_path / "wrong.json").write_text("{")

    with pytest.raises(DashboardError, match=r"wrong\.json"):
        Dashboard.load_all(tmp_path)
