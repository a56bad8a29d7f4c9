"""What the operator sees, and can ask for."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import get_args

import ops
import pytest
from ops.testing import ActionFailed, Container, State
from pydantic import TypeAdapter

import ingress
import statuses
from charm_state import CharmState, CheckedConfig, FastAPIConfig
from fastapi_demo import Condition, Health, Outcome
from postgresql_client import Answer, Connected, Invalid, NotReady, NotRelated
from postgresql_client.testing import Response, relation_for_requirer
from unit.charm_unit import (
    CONTAINER,
    Ctx,
    changed,
    databag,
    environment,
    provide,
    status,
    unit,
)

README = (Path(__file__).parents[2] / "README.md").read_text()
NO_PEBBLE = Container(CONTAINER, can_connect=False)
NOT_RELATED, NO_INGRESS = NotRelated(), ingress.NotRelated()


def connected(ctx: Ctx, config: Mapping[str, int | str] | None = None) -> State:
    return changed(ctx, unit(relation_for_requirer("database"), config=config))


def rows(ctx: Ctx, state: State, scope: str = "unit") -> list[dict[str, str]]:
    """Run ``status-detail``."""
    ctx.run(ctx.on.action("status-detail"), state)
    results = TypeAdapter(dict[str, dict[str, str]]).validate_python(ctx.action_results)
    return TypeAdapter(list[dict[str, str]]).validate_json(results["json-output"][scope])


@pytest.mark.parametrize("container", [Container(CONTAINER, can_connect=True), NO_PEBBLE])
def test_the_config_is_the_root_cause(ctx: Ctx, container: Container) -> None:
    out = ctx.run(ctx.on.config_changed(), unit(container=container, config={"server-port": 22}))

    assert status(out) == "blocked: Invalid port number, 22 is reserved for SSH"


@pytest.mark.parametrize("port", [1, 21, 23, 65535])
def test_every_other_port_will_do(ctx: Ctx, port: int) -> None:
    assert status(connected(ctx, config={"server-port": port})) == "active"


def test_without_a_relation_the_operator_has_to_act(ctx: Ctx) -> None:
    out = ctx.run(ctx.on.config_changed(), unit())

    assert status(out) == "blocked: Waiting for database relation"


def test_without_pebble_there_is_nothing_to_do_but_wait(ctx: Ctx) -> None:
    out = changed(ctx, unit(relation_for_requirer("database"), NO_PEBBLE))

    assert status(out) == "maintenance: Waiting for Pebble in workload container"


def test_before_the_service_is_planned(ctx: Ctx) -> None:
    state = unit(relation_for_requirer("database"))

    out = ctx.run(ctx.on.collect_unit_status(), state)

    assert status(out) == "maintenance: Waiting for Pebble in workload container"


def assert_is_in_the_readme(
    health: Health = Condition.RUNNING,
    *,
    database: Answer = NOT_RELATED,
    route: ingress.Answer = NO_INGRESS,
) -> None:
    state = CharmState(CheckedConfig(FastAPIConfig()), database, 1, route)

    for each in statuses.unit_statuses(state, Outcome(health, holds_credentials=True)):
        assert each.kind == "active" or f"`{each.message}`" in README


@pytest.mark.parametrize(
    "health", [*Condition, *(each("REASON") for each in get_args(Health) if each is not Condition)]
)
def test_whatever_the_server_does_is_in_the_readme(health: Health) -> None:
    assert_is_in_the_readme(health)


def test_whatever_keeps_the_database_away_is_in_the_readme() -> None:
    answers = (NOT_RELATED, NotReady(("KEY",)), NotReady((), ("KEY",)), Invalid("FIELD", "REASON"))

    assert {*map(type, answers), Connected} == {*get_args(Answer)}
    for answer in answers:
        assert_is_in_the_readme(database=answer)


def test_whatever_keeps_the_ingress_away_is_in_the_readme() -> None:
    invalid = ingress.Invalid("ingress.url", "REASON")
    answers = (NO_INGRESS, ingress.NotReady(), ingress.PortRefused(65535), invalid)

    assert {*map(type, answers), ingress.Ready} == {*get_args(ingress.Answer)}
    for answer in answers:
        assert_is_in_the_readme(route=answer)


@pytest.mark.parametrize(
    "current", [ops.pebble.ServiceStatus.INACTIVE, ops.pebble.ServiceStatus.ERROR]
)
def test_a_service_that_is_down_is_reported_and_started(
    ctx: Ctx, current: ops.pebble.ServiceStatus
) -> None:
    state = connected(ctx)
    container = state.get_container(CONTAINER)
    stopped = replace(container, service_statuses={"fastapi-service": current})
    state = replace(state, containers=frozenset({stopped}))

    seen = ctx.run(ctx.on.collect_unit_status(), state)
    assert status(seen) == "maintenance: Waiting for the service to start up"

    assert status(ctx.run(ctx.on.update_status(), state)) == "active"


def test_a_failed_check_is_reported_until_it_recovers(ctx: Ctx) -> None:
    state = connected(ctx)
    container = state.get_container(CONTAINER)
    (check,) = container.check_infos
    for is_up in (False, True):
        info = replace(
            check, status=ops.pebble.CheckStatus.UP if is_up else ops.pebble.CheckStatus.DOWN
        )
        container = replace(container, check_infos=frozenset({info}))
        event = ctx.on.pebble_check_recovered if is_up else ctx.on.pebble_check_failed

        out = ctx.run(event(container, info), replace(state, containers=frozenset({container})))

        assert (status(out) == "active") is is_up
        if not is_up:
            assert out.unit_status.name == "maintenance"
            assert "GET /version" in out.unit_status.message


@pytest.mark.parametrize(
    ("written", "field"),
    [
        ({"endpoints": "nonsense"}, "endpoints"),
        ({"secret-user": "not a uri"}, "secret-user"),
        ({"database": "x" * 64}, "database"),
        ({"subordinated": "perhaps"}, "subordinated"),
    ],
)
def test_what_cannot_be_used_is_named(ctx: Ctx, written: dict[str, str], field: str) -> None:
    state = connected(ctx)

    out = changed(ctx, provide(state, {**databag(state), **written}))

    assert out.unit_status.name == "blocked"
    assert field in out.unit_status.message
    assert len(out.unit_status.message) < 120


@pytest.mark.parametrize(
    ("code", "kind"), [(1000, "active"), (4001, "waiting"), (5002, "blocked"), (999999, "active")]
)
def test_the_providers_own_status_counts_by_its_code(ctx: Ctx, code: int, kind: str) -> None:
    state = connected(ctx)
    raised = [{"code": code, "message": "Disk\nfull", "resolution": "Add storage"}]

    out = changed(ctx, provide(state, {**databag(state), "status": json.dumps(raised)}))

    assert out.unit_status.name == kind
    if kind != "active":
        assert "Disk full. Add storage" in out.unit_status.message
    logged = [line.message for line in ctx.juju_log if line.level == "INFO"]
    assert any("Disk full" in message for message in logged) is (kind == "active")


def test_details_when_all_is_well(ctx: Ctx) -> None:
    details = rows(ctx, connected(ctx))

    assert [row["Status"] for row in details] == ["Active"] * 3
    assert all(row["Reason"] != "N/A" for row in details)
    assert any("Unit Statuses" in log for log in ctx.action_logs)


def test_details_name_check_and_remedy_of_all_that_is_wrong(ctx: Ctx) -> None:
    state = unit(container=NO_PEBBLE, config={"server-port": 22})

    details = rows(ctx, state)

    wrong = {row["Message"]: row["Action"] for row in details if row["Status"] != "Active"}
    assert wrong.keys() == {
        "Invalid port number, 22 is reserved for SSH",
        "Waiting for database relation",
        "Waiting for Pebble in workload container",
    }
    assert "juju config" in wrong["Invalid port number, 22 is reserved for SSH"]
    assert "juju integrate" in wrong["Waiting for database relation"]
    assert len(rows(ctx, state, "app")) == 2


def test_where_the_database_is(ctx: Ctx) -> None:
    state = connected(ctx)

    ctx.run(ctx.on.action("get-db-info"), state)

    assert ctx.action_results == {
        "db-host": "postgresql-k8s-primary.test.svc.cluster.local",
        "db-port": "5432",
        "db-name": "names_db",
        "db-tls": "off",
        "db-version": "14.15",
    }


def test_the_password_is_shown_to_who_asks_for_it(ctx: Ctx) -> None:
    related = relation_for_requirer("database", response=Response(username="me", password="pw"))
    state = changed(ctx, unit(related))

    ctx.run(ctx.on.action("get-db-info", params={"show-password": True}), state)

    assert ctx.action_results is not None
    assert ctx.action_results["db-username"] == "me"
    assert ctx.action_results["db-password"] == "pw"


def test_without_a_database_there_is_nothing_to_show(ctx: Ctx) -> None:
    with pytest.raises(ActionFailed, match="Waiting for database relation"):
        ctx.run(ctx.on.action("get-db-info", params={"show-password": True}), unit())


def test_a_change_is_one_line_in_the_log_and_a_quiet_event_is_none(ctx: Ctx) -> None:
    state = connected(ctx)

    def lines() -> list[str]:
        return [line.message for line in ctx.juju_log if line.level not in ("DEBUG", "TRACE")]

    ctx.juju_log.clear()
    state = ctx.run(ctx.on.update_status(), state)
    state = ctx.run(ctx.on.config_changed(), state)
    assert lines() == []

    ctx.run(ctx.on.config_changed(), replace(state, config={"server-port": 8080}))
    assert lines() == ["fastapi-service: changes command"]


def test_a_secret_that_cannot_be_read_for_once_is_named(ctx: Ctx) -> None:
    state = replace(connected(ctx), secrets=frozenset())

    out = ctx.run(ctx.on.update_status(), state)

    expected = "waiting: Cannot read `secret-user` now; the server keeps its credentials"
    assert status(out) == expected
    assert environment(out)["DEMO_SERVER_DB_PASSWORD"]
