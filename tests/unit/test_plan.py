"""The plan that Pebble runs, for each configuration, answer and image."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Literal

import ops
import pytest
from ops.testing import CheckInfo, Container, Mount, State, TCPPort

from postgresql_client.testing import CA, Response, relation_for_requirer
from unit.charm_unit import (
    BARE,
    CONTAINER,
    SERVICE,
    Ctx,
    bare_answer,
    changed,
    command,
    created,
    databag,
    environment,
    give_address,
    new_lines,
    new_unit,
    plan,
    provide,
    removed,
    status,
    with_container,
    with_relations,
)

LOG_FILE = {"DEMO_SERVER_LOGFILE": "/dev/null"}
REAL = LOG_FILE | {"PGTARGETSESSIONATTRS": "read-write", "PGCONNECT_TIMEOUT": "5"}
"""The variables that the server in a real pod needs besides the four."""
BLOCKED = "blocked: Waiting for database relation"
WAITING = "waiting: Waiting for database relation"
ACTIVE, INACTIVE = ops.pebble.ServiceStatus.ACTIVE, ops.pebble.ServiceStatus.INACTIVE


@pytest.mark.parametrize(
    ("port", "ip", "arguments"),
    [
        (8000, "10.1.2.3", "--host=0.0.0.0 --port=8000"),
        (8080, "10.1.2.3", "--host=0.0.0.0 --port=8080"),
        (8000, "fd00::7", "--host=:: --port=8000"),
    ],
)
def test_without_a_database_the_plan_is_one_service(
    ctx: Ctx, monkeypatch: pytest.MonkeyPatch, port: int, ip: str, arguments: str
) -> None:
    give_address(monkeypatch, ip)
    state = new_unit(config={"server-port": port})

    out = ctx.run(ctx.on.pebble_ready(state.get_container(CONTAINER)), state)

    assert plan(out).to_dict() == {
        "services": {
            SERVICE: {
                "override": "replace",
                "summary": "fastapi demo",
                "startup": "enabled",
                "command": f"uvicorn api_demo_server.app:app {arguments}",
            }
        }
    }
    assert out.get_container(CONTAINER).service_statuses == {SERVICE: ACTIVE}


def test_endpoint_user_and_password_are_four_variables(ctx: Ctx) -> None:
    out = changed(ctx, new_unit(bare_answer()))

    assert environment(out) == {
        "DEMO_SERVER_DB_HOST": "db.example",
        "DEMO_SERVER_DB_PORT": "5432",
        "DEMO_SERVER_DB_USER": "me",
        "DEMO_SERVER_DB_PASSWORD": "secret",
    }
    assert status(out) == "active"


def test_with_a_database_pebble_checks_the_server_and_the_database(ctx: Ctx) -> None:
    out = changed(ctx, new_unit(bare_answer(), config={"server-port": 8080}))

    assert {name: check.to_dict() for name, check in plan(out).checks.items()} == {
        "fastapi-ready": {
            "override": "replace",
            "startup": "enabled",
            "level": "ready",
            "period": "10s",
            "timeout": "3s",
            "threshold": 3,
            "http": {"url": "http://localhost:8080/version"},
        },
        "fastapi-database": {
            "override": "replace",
            "startup": "enabled",
            "period": "30s",
            "timeout": "5s",
            "threshold": 2,
            "http": {"url": "http://localhost:8080/names"},
        },
    }
    assert plan(out).services[SERVICE].on_check_failure == {"fastapi-ready": "restart"}


def servers(hosts: str, ports: str) -> dict[str, str]:
    return {"DEMO_SERVER_DB_HOST": hosts, "DEMO_SERVER_DB_PORT": ports}


@pytest.mark.parametrize(
    ("more", "variables"),
    [
        ({"database": "names_db"}, REAL),
        ({"tls": "true"}, REAL | {"PGSSLMODE": "require"}),
        ({"endpoints": "a:5432,b:6432"}, REAL | servers("a,b", "5432,6432")),
        ({"endpoints": "b:6432,a:5432"}, REAL | servers("a,b", "5432,6432")),
        ({"endpoints": "[2001:db8::1]:5432,b:1"}, REAL | servers("2001:db8::1,b", "5432,1")),
        ({"endpoints": "a:1,a:1"}, servers("a", "1")),
    ],
)
def test_the_answer_is_in_the_environment(
    ctx: Ctx, more: dict[str, str], variables: dict[str, str]
) -> None:
    state = new_unit(bare_answer())

    out = changed(ctx, provide(state, {**databag(state), **more}))

    assert environment(out) == BARE | variables


@pytest.mark.parametrize("use_secrets", [True, False])
@pytest.mark.parametrize("verification", ["verify-full", "verify-ca"])
def test_the_server_verifies_with_the_ca_in_a_file(
    ctx: Ctx, *, use_secrets: bool, verification: str
) -> None:
    answer = Response(["db.example:5432"], (), "me", "secret", tls_ca=CA, use_secrets=use_secrets)
    related = relation_for_requirer("database", response=answer)

    out = changed(ctx, new_unit(related, config={"tls-verification": verification}))

    path = environment(out)["PGSSLROOTCERT"]
    tls = {"PGSSLMODE": verification, "PGSSLROOTCERT": path}
    assert environment(out) == BARE | REAL | tls
    files = out.get_container(CONTAINER).get_filesystem(ctx)
    assert (files / path.removeprefix("/")).read_text() == CA


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ({"endpoints": ""}, WAITING),
        ({"endpoints": "host:99999"}, "Invalid `endpoints`"),
        ({"endpoints": "2001-13-45:5432"}, "Invalid `endpoints`"),
        ({"username": "\x00"}, "Invalid `username`"),
        ({"username": "="}, "Invalid `username`"),  # a plan that has it cannot be parsed
        ({"password": "0b_"}, "Invalid `password`"),
        ({"secret-user": "not a uri"}, "Invalid `secret-user`"),
        ({"tls": "perhaps"}, "Invalid `tls`"),
        ({"tls": "true", "tls-ca": "no certificate"}, "Invalid `tls-ca`"),
        ({"subordinated": "perhaps"}, "Invalid `subordinated`"),
        ({"database": "x" * 64}, "Invalid `database`"),
        ({"database": "other"}, "Invalid `database` from the database: is 'other', not 'names_db'"),
        (
            {"database": "x" * 63},
            f"`database` from the database: is '{'x' * 40}...', not 'names_db'",
        ),
    ],
)
def test_the_server_keeps_what_it_has_until_an_answer_can_be_used(
    ctx: Ctx, written: dict[str, str], expected: str
) -> None:
    state = new_unit(bare_answer())
    good = {**databag(state), "database": "names_db"}
    state = changed(ctx, provide(state, good))

    state = provide(state, {**good, **written})
    state = changed(ctx, replace(state, config={"server-port": 8080}))
    assert environment(state) == BARE | REAL
    assert command(state).endswith("--port=8080")
    assert expected in status(state)
    assert state.unit_status.name == ("waiting" if expected == WAITING else "blocked")
    assert len(state.unit_status.message) < 120

    state = changed(ctx, provide(state, {**good, "endpoints": "other:5432"}))
    assert environment(state) == BARE | REAL | servers("other", "5432")
    assert status(state) == "active"


@pytest.mark.parametrize(
    ("port", "opened", "served"),
    [(22, 80, 80), (22, 22, 8000), (22, None, 8000), (9090, 80, 9090)],
)
def test_a_new_container_serves_at_the_last_valid_port(
    ctx: Ctx, port: int, opened: int | None, served: int
) -> None:
    related = relation_for_requirer("database", response=Response(tls_ca=CA))
    state = new_unit(related, config={"server-port": port, "tls-verification": "none"})
    ports = frozenset({TCPPort(opened)} if opened else ())

    out = ctx.run(ctx.on.update_status(), replace(state, opened_ports=ports))

    assert command(out).endswith(f"--port={served}")
    assert out.opened_ports == {TCPPort(served)}
    assert environment(out)["PGSSLMODE"] == "verify-full"


def test_removing_the_relation_removes_credentials_and_checks(ctx: Ctx) -> None:
    state = changed(ctx, new_unit(bare_answer()))

    out = removed(ctx, state, "database")

    assert environment(out) == {}
    assert plan(out).services[SERVICE].on_check_failure == {}
    startups = {check.startup for check in plan(out).checks.values()}
    assert startups == {ops.pebble.CheckStartup.DISABLED}
    checks = out.get_container(CONTAINER).check_infos
    assert {check.status for check in checks} == {ops.pebble.CheckStatus.INACTIVE}
    assert status(out) == BLOCKED


@pytest.mark.parametrize("is_noticed", [True, False])
@pytest.mark.parametrize("password", ["new", None])
def test_credentials_of_an_earlier_relation_go_even_if_another_is_there(
    ctx: Ctx, *, is_noticed: bool, password: str | None
) -> None:
    state = changed(ctx, new_unit(bare_answer()))
    (old,) = state.get_relations("database")
    response: Response | Literal[False] = Response(password=password) if password else False
    new = relation_for_requirer("database", response=response)
    state = replace(with_relations(state, new.relation), secrets=new.secrets)

    if is_noticed:
        out = ctx.run(ctx.on.relation_broken(old), state)
    else:
        out = ctx.run(ctx.on.update_status(), replace(state, relations=frozenset({new.relation})))

    assert environment(out).get("DEMO_SERVER_DB_PASSWORD") == password


@pytest.mark.parametrize(
    ("is_served", "is_same_relation", "kept"),
    [(False, True, {}), (True, True, BARE), (True, False, {})],
)
def test_if_the_ca_cannot_be_written_the_server_keeps_only_valid_credentials(
    ctx: Ctx, tmp_path: Path, *, is_served: bool, is_same_relation: bool, kept: Mapping[str, str]
) -> None:
    (tmp_path / "somebody-elses").touch()
    mount = Mount(location="/tmp/fastapi-demo", source=tmp_path / "somebody-elses")
    container = Container(CONTAINER, can_connect=True, mounts={"ca": mount})
    state = new_unit(bare_answer(), container)
    good = databag(state)
    if is_served:
        state = changed(ctx, state)
    if not is_same_relation:
        state = replace(state, relations=frozenset({bare_answer().relation}))

    state = changed(ctx, provide(state, {**good, "tls": "true", "tls-ca": CA}))
    assert environment(state) == kept
    assert state.get_container(CONTAINER).services[SERVICE].is_running()
    assert status(state).startswith(
        "blocked: Pebble refused to run the server: cannot write the CA to /tmp/fastapi-demo: "
    )

    state = changed(ctx, provide(state, {**good, "password": "newer"}))
    assert environment(state)["DEMO_SERVER_DB_PASSWORD"] == "newer"
    assert status(state) == "active"


@pytest.fixture(params=["001-rock", "fastapi_demo"])
def image(request: pytest.FixtureRequest) -> Container:
    """A container with another server: that of the image, or of an earlier revision of the charm."""
    layer: ops.pebble.LayerDict = {
        "services": {
            "fastapi": {
                "override": "replace",
                "startup": "enabled",
                "command": "uvicorn app",
                "environment": {"PASSWORD": "s3cret"},
            }
        },
        "checks": {
            "up": {"override": "replace", "level": "ready", "http": {"url": "http://localhost"}}
        },
    }
    return Container(
        CONTAINER,
        can_connect=True,
        layers={str(request.param): ops.pebble.Layer(layer)},
        service_statuses={"fastapi": ACTIVE},
        check_infos={CheckInfo("up", level=ops.pebble.CheckLevel.READY)},
    )


def assert_only_ours_runs(state: State) -> None:
    container = state.get_container(CONTAINER)
    assert container.service_statuses == {"fastapi": INACTIVE, SERVICE: ACTIVE}
    assert {check.status for check in container.check_infos} == {ops.pebble.CheckStatus.INACTIVE}


def test_only_our_server_runs_whatever_is_in_the_image(ctx: Ctx, image: Container) -> None:
    state = ctx.run(ctx.on.upgrade_charm(), new_unit(container=image))

    assert environment(state) == LOG_FILE
    assert "s3cret" not in str(plan(state).to_dict())
    assert plan(state).services["fastapi"].startup == "disabled"
    assert plan(state).checks["up"].startup is ops.pebble.CheckStartup.DISABLED
    assert_only_ours_runs(state)

    container = replace(
        state.get_container(CONTAINER),
        service_statuses={"fastapi": ACTIVE, SERVICE: ACTIVE},
        check_infos=frozenset({CheckInfo("up", startup=ops.pebble.CheckStartup.DISABLED)}),
    )
    state = ctx.run(ctx.on.update_status(), with_container(state, container))
    assert_only_ours_runs(state)

    state = changed(ctx, with_relations(state, bare_answer().relation))
    assert environment(state) == BARE | REAL
    assert environment(removed(ctx, state, "database")) == LOG_FILE


def test_what_pebble_adds_to_a_disabled_check_changes_nothing(ctx: Ctx, image: Container) -> None:
    state = ctx.run(ctx.on.pebble_ready(image), new_unit(container=image))
    completed = plan(state).to_dict()
    completed["checks"]["up"] |= {"threshold": 3, "period": "10s", "timeout": "3s"}
    layer = ops.pebble.Layer({"services": completed["services"], "checks": completed["checks"]})
    container = state.get_container(CONTAINER)
    layers = {**container.layers, "fastapi_demo": layer}
    new_lines(ctx)

    ctx.run(ctx.on.update_status(), with_container(state, replace(container, layers=layers)))

    assert new_lines(ctx) == []


def test_the_unit_waits_for_a_secret_that_it_cannot_read(ctx: Ctx) -> None:
    related = relation_for_requirer("database")
    state = created(ctx, replace(new_unit(related), secrets=frozenset()), "database")
    assert status(state) == WAITING
    assert environment(state) == {}

    state = ctx.run(ctx.on.update_status(), replace(state, secrets=related.secrets))
    assert status(state) == "active"

    state = ctx.run(ctx.on.update_status(), replace(state, secrets=frozenset()))
    assert status(state) == (
        "waiting: Cannot read `secret-user` now; the server keeps its credentials"
    )
    assert environment(state)["DEMO_SERVER_DB_PASSWORD"]
