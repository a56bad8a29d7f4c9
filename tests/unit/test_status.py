"""Statuses, actions, log lines and the version: what the operator sees."""

import json
from dataclasses import replace
from pathlib import Path
from typing import get_args

import ops
import pytest
from ops.testing import ActionFailed, Container, State

import charm
import statuses
from charm_state import CharmState, CheckedConfig
from databag import Answer, Invalid, NotReady, NotRelated
from fastapi_demo import Applied, Condition, Health
from ingress import Ready
from postgresql_client import Connected
from postgresql_client.testing import CA, Response, relation_for_requirer
from unit.charm_unit import (
    CONTAINER,
    SERVICE,
    Ctx,
    changed,
    configured,
    databag,
    details,
    new_lines,
    new_unit,
    plan,
    provide,
    starts_fail,
    status,
    with_container,
)

REFERENCE = (Path(__file__).parents[2] / "docs" / "reference.md").read_text()
NO_PEBBLE = Container(CONTAINER, can_connect=False)
NOT_RELATED = NotRelated()
NOT_READY = NotReady(("KEY",))
UNREADABLE = NotReady((), ("KEY",))
INVALID_PORT = "Invalid port number, 22 is reserved for SSH"
NO_DATABASE = "Waiting for database relation"
WAITING_FOR_PEBBLE = "Waiting for Pebble in workload container"


def connected(ctx: Ctx, response: Response | None = None) -> State:
    related = relation_for_requirer("database", response=response or Response())
    return changed(ctx, new_unit(related))


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (new_unit(config={"server-port": 22}), f"blocked: {INVALID_PORT}"),
        (new_unit(None, NO_PEBBLE, config={"server-port": 22}), f"blocked: {INVALID_PORT}"),
        (new_unit(), f"blocked: {NO_DATABASE}"),
        (
            new_unit(relation_for_requirer("database", response=False), NO_PEBBLE),
            f"maintenance: {WAITING_FOR_PEBBLE}",
        ),
        (
            new_unit(relation_for_requirer("database", response=False)),
            f"waiting: {NO_DATABASE}",
        ),
    ],
)
def test_the_status_is_the_root_cause(ctx: Ctx, state: State, expected: str) -> None:
    assert status(ctx.run(ctx.on.config_changed(), state)) == expected


def test_before_the_service_is_in_the_plan_the_unit_waits_for_pebble(ctx: Ctx) -> None:
    state = new_unit(relation_for_requirer("database"))

    out = ctx.run(ctx.on.collect_unit_status(), state)

    assert status(out) == f"maintenance: {WAITING_FOR_PEBBLE}"


@pytest.mark.parametrize("port", [1, 21, 23, 38811, 38812, 38813, 65301, 65535])
def test_only_the_ports_of_juju_and_ssh_are_refused(ctx: Ctx, port: int) -> None:
    expected = (
        f"blocked: Invalid port number, {port} is used by Juju in the pod"
        if port in (38812, 38813, 65301)
        else "active"
    )

    assert status(configured(ctx, connected(ctx), {"server-port": port})) == expected


@pytest.mark.parametrize(
    ("health", "database", "route", "port"),
    [
        *((each, NOT_RELATED, NOT_RELATED, 8000) for each in Condition),
        *(
            (each("REASON"), NOT_RELATED, NOT_RELATED, 8000)
            for each in get_args(Health)
            if each is not Condition
        ),
        (Condition.RUNNING, NOT_READY, NOT_READY, 8000),
        (Condition.RUNNING, UNREADABLE, NOT_READY, 65535),
        (Condition.RUNNING, Invalid("FIELD", "REASON"), Invalid("ingress.url", "REASON"), 8000),
    ],
)
def test_every_message_is_in_the_reference(
    health: Health, database: Answer[Connected], route: Answer[Ready], port: int
) -> None:
    config = CheckedConfig(port, "verify-full")
    state = CharmState(config, database, 1, (), route, is_ipv6_only=False)

    applied = Applied(health, holds_credentials=True)
    of_unit = statuses.unit_statuses(state, applied)
    for each in (*of_unit, *statuses.application_details(state, applied, {})):
        assert each.kind == "active" or f"`{each.message}`" in REFERENCE


def stopped(state: State, current: ops.pebble.ServiceStatus) -> State:
    """Let the server have stopped."""
    container = replace(state.get_container(CONTAINER), service_statuses={SERVICE: current})
    return with_container(state, container)


@pytest.mark.parametrize(
    "current", [ops.pebble.ServiceStatus.INACTIVE, ops.pebble.ServiceStatus.ERROR]
)
def test_a_server_that_is_down_is_reported_and_started(
    ctx: Ctx, current: ops.pebble.ServiceStatus
) -> None:
    state = stopped(connected(ctx), current)
    new_lines(ctx)

    seen = ctx.run(ctx.on.collect_unit_status(), state)
    assert status(seen) == "maintenance: Waiting for the service to start up"

    assert status(ctx.run(ctx.on.update_status(), state)) == "active"
    assert new_lines(ctx) == [
        f"fastapi-service: starts again, as Pebble reported it as {current.value}"
    ]


@pytest.mark.parametrize(
    ("error", "expected", "logged"),
    [
        (
            "cannot start service while terminating",
            "maintenance: Waiting for the service to start up",
            [],
        ),
        (
            "exited quickly with code 1",
            "blocked: Server does not run, see its log. Pebble: exited quickly with code 1",
            ["Pebble: exited quickly with code 1"],
        ),
    ],
)
def test_a_server_that_does_not_start_is_reported_unless_pebble_restarts_it(
    ctx: Ctx, error: str, expected: str, logged: list[str]
) -> None:
    state = stopped(connected(ctx), ops.pebble.ServiceStatus.INACTIVE)
    new_lines(ctx)

    with starts_fail(error):
        out = ctx.run(ctx.on.update_status(), state)
        assert new_lines(ctx) == logged
        assert status(out) == expected
        assert expected.endswith(f": {details(ctx, out)[0]['Message']}")

    assert plan(out) == plan(state)


@pytest.mark.parametrize(
    ("down", "expected", "remedy"),
    [
        (
            ("fastapi-ready", "fastapi-database"),
            "maintenance: Server does not answer GET /version, Pebble restarts it; see its log",
            ("server's log",),
        ),
        (
            ("fastapi-database",),
            "waiting: Server cannot use the database: GET /names fails, see its log",
            ("certificate", "CA", "database is down", "get-db-info", "server's log"),
        ),
    ],
)
def test_a_failed_check_is_reported_until_it_recovers(
    ctx: Ctx,
    monkeypatch: pytest.MonkeyPatch,
    down: tuple[str, ...],
    expected: str,
    remedy: tuple[str, ...],
) -> None:
    state = connected(ctx)
    asked: list[int] = []
    monkeypatch.setattr(charm, "ask_version", asked.append)
    for failed in (down, ()):
        container = state.get_container(CONTAINER)
        infos = {
            replace(
                info,
                status=ops.pebble.CheckStatus.DOWN
                if info.name in failed
                else ops.pebble.CheckStatus.UP,
            )
            for info in container.check_infos
        }
        container = replace(container, check_infos=frozenset(infos))
        (info,) = (info for info in infos if info.name == down[0])
        event = ctx.on.pebble_check_failed if failed else ctx.on.pebble_check_recovered

        state = ctx.run(event(container, info), with_container(state, container))

        assert status(state) == (expected if failed else "active")
        assert bool(asked) is not bool(failed), "only a healthy server is asked for its version"
        bad = [row["Action"] for row in details(ctx, state) if row["Status"] != "Active"]
        assert all(text in action for action in bad for text in remedy)
        assert len(bad) == bool(failed)


@pytest.mark.parametrize(
    ("code", "kind"), [(1000, "active"), (4001, "waiting"), (5002, "blocked"), (999999, "active")]
)
def test_a_status_of_the_provider_blocks_or_waits_by_its_code(
    ctx: Ctx, code: int, kind: str
) -> None:
    state = connected(ctx)
    raised = [{"code": code, "message": "Disk\nfull", "resolution": "Add storage"}]
    new_lines(ctx)

    out = changed(ctx, provide(state, {**databag(state), "status": json.dumps(raised)}))

    if kind == "active":
        assert status(out) == "active"
        assert "Disk full" in "".join(new_lines(ctx))
    else:
        expected = "Database: Disk full. Add storage"
        assert status(out) == f"{kind}: {expected}"
        out = changed(ctx, provide(out, {**databag(out), "endpoints": "?"}))
        assert expected in [row["Message"] for row in details(ctx, out)]


def test_details_show_every_component_when_all_is_well(ctx: Ctx) -> None:
    found = details(ctx, connected(ctx))

    assert [row["Component Name"] for row in found] == ["config", "database", "workload"]
    assert {row["Status"] for row in found} == {"Active"}
    assert all(row["Reason"] != "N/A" for row in found)
    assert any("Unit Statuses" in log for log in ctx.action_logs)


def test_details_name_check_and_remedy_of_all_that_is_wrong(ctx: Ctx) -> None:
    related = relation_for_requirer("database", response=False)
    state = new_unit(related, NO_PEBBLE, config={"server-port": 22})

    found = details(ctx, state)

    assert [(row["Component Name"], row["Status"], row["Message"]) for row in found] == [
        ("config", "Blocked", INVALID_PORT),
        ("workload", "Maintenance", WAITING_FOR_PEBBLE),
        ("database", "Waiting", NO_DATABASE),
    ]
    for row, remedy in zip(found, ("juju config", "kubectl", "provider to send"), strict=True):
        assert remedy in row["Action"]
    of_application = [row["Message"] for row in details(ctx, state, "app")]
    assert of_application == [INVALID_PORT, NO_DATABASE]


@pytest.mark.parametrize(
    ("ca", "tls"),
    [
        (None, "off"),
        (CA, "on, verified"),
        ("", "on, not verified: the provider sent no CA"),
    ],
)
@pytest.mark.parametrize("show_password", [True, False])
def test_get_db_info_shows_where_the_database_is(
    ctx: Ctx, *, ca: str | None, tls: str, show_password: bool
) -> None:
    answer = Response(
        ["a:5432", "b:1"], username="me", password="pw", version=None if ca else "9.6", tls_ca=ca
    )
    state = connected(ctx, answer)

    ctx.run(ctx.on.action("get-db-info", params={"show-password": show_password}), state)

    assert ctx.action_results == {
        "db-host": "a,b",
        "db-port": "5432,1",
        "db-name": "names_db",
        "db-tls": tls,
        "db-version": "unknown" if ca else "9.6",
    } | ({"db-username": "me", "db-password": "pw"} if show_password else {})


def test_get_db_info_says_why_there_is_no_database(ctx: Ctx) -> None:
    state = new_unit(config={"server-port": 22})

    with pytest.raises(ActionFailed) as failed:
        ctx.run(ctx.on.action("get-db-info"), state)

    expected = f"No database connected: {INVALID_PORT}; {NO_DATABASE}"
    assert failed.value.message == expected


def test_a_change_is_one_line_in_the_log_and_a_quiet_event_is_none(ctx: Ctx) -> None:
    state = new_unit()
    state = ctx.run(ctx.on.pebble_ready(state.get_container(CONTAINER)), state)
    uvicorn = "uvicorn api_demo_server.app:app --host=0.0.0.0 --port=8000"
    assert new_lines(ctx) == [f"fastapi-service: starts as '{uvicorn}'"]

    state = ctx.run(ctx.on.update_status(), state)
    assert new_lines(ctx) == []

    configured(ctx, state, {"server-port": 8080})
    assert new_lines(ctx) == ["fastapi-service: changes command"]


def test_the_version_of_a_server_that_starts_slowly_comes_with_the_next_event(
    ctx: Ctx, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = connected(ctx)
    assert state.workload_version == ""

    monkeypatch.setattr(charm, "ask_version", {8000: "2.1.1"}.get)
    state = ctx.run(ctx.on.config_changed(), state)

    assert state.workload_version == "2.1.1"
