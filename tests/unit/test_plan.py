"""What Pebble is told to run."""

import dataclasses
import itertools
from pathlib import Path

import ops
import pytest
from ops.testing import CheckInfo, Container, Mount, Relation, Secret, TCPPort

from postgresql_client.testing import CA, Response, TestRelation, relation_for_requirer
from unit.charm_unit import (
    CONTAINER,
    SERVICE,
    UVICORN,
    Ctx,
    changed,
    databag,
    environment,
    provide,
    status,
    unit,
)

WAITING = "waiting: Waiting for database relation"
BLOCKED = "blocked: Waiting for database relation"
CANNOT_WRITE = "blocked: Pebble refused to run the server: cannot write the CA to "


def bare_answer() -> TestRelation:
    """Return an answer of the three keys that it takes, and no others."""
    databag = {"endpoints": "db.example:5432", "username": "me", "password": "secret"}
    return TestRelation(Relation("database", remote_app_data=databag))


def test_without_a_database_the_plan_is_one_service(ctx: Ctx) -> None:
    state = unit()

    out = ctx.run(ctx.on.pebble_ready(state.get_container(CONTAINER)), state)

    assert out.get_container(CONTAINER).plan.to_dict() == {
        "services": {
            SERVICE: {
                "override": "replace",
                "summary": "fastapi demo",
                "startup": "enabled",
                "command": f"{UVICORN} --port=8000",
            }
        }
    }
    assert out.get_container(CONTAINER).service_statuses[SERVICE] is ops.pebble.ServiceStatus.ACTIVE


def test_the_port_is_the_one_in_the_config(ctx: Ctx) -> None:
    out = ctx.run(ctx.on.config_changed(), unit(config={"server-port": 8080}))

    service = out.get_container(CONTAINER).plan.services[SERVICE]
    assert service.command == f"{UVICORN} --port=8080"
    assert out.opened_ports == {TCPPort(8080)}

    out = ctx.run(ctx.on.config_changed(), dataclasses.replace(out, config={"server-port": 9090}))
    assert out.opened_ports == {TCPPort(9090)}


def test_endpoint_user_and_password_are_four_variables(ctx: Ctx) -> None:
    out = changed(ctx, unit(bare_answer()))

    assert environment(out) == {
        "DEMO_SERVER_DB_HOST": "db.example",
        "DEMO_SERVER_DB_PORT": "5432",
        "DEMO_SERVER_DB_USER": "me",
        "DEMO_SERVER_DB_PASSWORD": "secret",
    }
    assert status(out) == "active"


def test_with_a_database_the_server_is_checked(ctx: Ctx) -> None:
    out = changed(ctx, unit(bare_answer(), config={"server-port": 8080}))

    plan = out.get_container(CONTAINER).plan
    ((name, check),) = plan.checks.items()
    assert check.level is ops.pebble.CheckLevel.READY
    assert check.http == {"url": "http://localhost:8080/version"}
    assert plan.services[SERVICE].on_check_failure == {name: "restart"}


@pytest.mark.parametrize("use_secrets", [True, False])
def test_secrets_and_plain_values_say_the_same(ctx: Ctx, use_secrets: bool) -> None:
    related = relation_for_requirer(
        "database", response=Response(password="s3cret", tls_ca=CA, use_secrets=use_secrets)
    )

    variables = environment(changed(ctx, unit(related)))

    assert variables["DEMO_SERVER_DB_PASSWORD"] == "s3cret"
    assert variables["PGSSLMODE"] == "verify-full"


def test_the_database_that_was_delivered_is_the_one_used(ctx: Ctx) -> None:
    related = relation_for_requirer("database", response=Response(database="names_db_1"))

    assert environment(changed(ctx, unit(related)))["DEMO_SERVER_DB_NAME"] == "names_db_1"


@pytest.mark.parametrize(
    ("endpoints", "hosts", "ports"),
    [
        (["a.example:5432", "192.0.2.1:6432"], "a.example,192.0.2.1", "5432,6432"),
        (["[2001:db8::1]:5432", "b:1"], "2001:db8::1,b", "5432,1"),
    ],
)
def test_several_endpoints_are_all_tried_for_the_primary(
    ctx: Ctx, endpoints: list[str], hosts: str, ports: str
) -> None:
    related = relation_for_requirer("database", response=Response(endpoints=endpoints))

    variables = environment(changed(ctx, unit(related)))

    assert variables["DEMO_SERVER_DB_HOST"] == hosts
    assert variables["DEMO_SERVER_DB_PORT"] == ports
    assert variables["PGTARGETSESSIONATTRS"] == "read-write"


def test_an_endpoint_that_is_there_twice_is_one(ctx: Ctx) -> None:
    related = relation_for_requirer("database", response=Response(endpoints=["a:1", "a:1"]))

    variables = environment(changed(ctx, unit(related)))

    assert variables["DEMO_SERVER_DB_HOST"] == "a"
    assert "PGTARGETSESSIONATTRS" not in variables


def test_the_ca_is_in_the_file_that_the_server_is_told_of(ctx: Ctx) -> None:
    related = relation_for_requirer("database", response=Response(tls_ca=CA))

    out = changed(ctx, unit(related))

    files = out.get_container(CONTAINER).get_filesystem(ctx)
    path = environment(out)["PGSSLROOTCERT"]
    assert (files / path.removeprefix("/")).read_text() == CA


def test_verification_is_lowered_where_the_operator_says_so(ctx: Ctx) -> None:
    related = relation_for_requirer("database", response=Response(tls_ca=CA))

    out = changed(ctx, unit(related, config={"tls-verification": "verify-ca"}))

    assert environment(out)["PGSSLMODE"] == "verify-ca"


def test_tls_without_a_ca_is_required_all_the_same(ctx: Ctx) -> None:
    variables = environment(
        changed(ctx, unit(relation_for_requirer("database", response=Response(tls_ca=""))))
    )

    assert variables["PGSSLMODE"] == "require"
    assert "PGSSLROOTCERT" not in variables


def test_a_rotation_brings_the_new_revision_with_whatever_event_comes(ctx: Ctx) -> None:
    related = relation_for_requirer("database")
    state = changed(ctx, unit(related))
    older = {"username": "me", "password": "older"}
    newer = Secret(older, latest_content={**older, "password": "newer"})
    state = provide(state, {**databag(state), "secret-user": newer.id}, [*state.secrets, newer])

    out = ctx.run(ctx.on.update_status(), state)

    assert environment(out)["DEMO_SERVER_DB_PASSWORD"] == "newer"


@pytest.mark.parametrize("order", [1, -1])
def test_an_answer_in_pieces_is_waited_for(ctx: Ctx, order: int) -> None:
    related = relation_for_requirer("database")
    pieces = list(databag(unit(related)).items())[::order]
    state = unit(relation_for_requirer("database", response=False))
    written: dict[str, str] = {}
    for key, value in pieces:
        written[key] = value
        state = changed(ctx, provide(state, written, related.secrets))
        is_complete = {"endpoints", "secret-user"} <= written.keys()
        assert status(state) == ("active" if is_complete else WAITING)


def test_a_secret_that_is_not_granted_yet_is_waited_for(ctx: Ctx) -> None:
    related = relation_for_requirer("database")
    state = unit(TestRelation(related.relation))

    out = changed(ctx, state)
    assert status(out) == WAITING
    assert environment(out) == {}

    out = ctx.run(ctx.on.update_status(), dataclasses.replace(out, secrets=related.secrets))
    assert status(out) == "active"


@pytest.mark.parametrize(
    "broken",
    [
        {"endpoints": "not an endpoint"},
        {"endpoints": "host:99999"},
        {"username": "\x00"},
        {"tls": "perhaps"},
        {"tls": "true", "tls-ca": "no certificate"},
        {"endpoints": ""},
    ],
)
def test_a_working_server_is_left_alone_until_there_is_something_better(
    ctx: Ctx, broken: dict[str, str]
) -> None:
    state = changed(ctx, unit(bare_answer()))
    before = environment(state)
    good = databag(state)

    state = changed(ctx, provide(state, {**good, **broken}))
    assert environment(state) == before
    assert status(state) != "active"

    state = changed(ctx, provide(state, {**good, "endpoints": "other:5432"}))
    assert environment(state)["DEMO_SERVER_DB_HOST"] == "other"
    assert status(state) == "active"


def test_the_port_changes_also_while_the_answer_is_broken(ctx: Ctx) -> None:
    state = provide(changed(ctx, unit(bare_answer())), {"endpoints": "nonsense"})

    out = ctx.run(ctx.on.config_changed(), dataclasses.replace(state, config={"server-port": 8080}))

    assert environment(out)["DEMO_SERVER_DB_USER"] == "me"
    assert "--port=8080" in out.get_container(CONTAINER).plan.services[SERVICE].command


def test_when_the_relation_goes_all_that_came_with_it_goes_in_that_hook(ctx: Ctx) -> None:
    related = relation_for_requirer("database", response=Response(tls_ca=CA))
    state = changed(ctx, unit(related))

    out = ctx.run(ctx.on.relation_broken(state.get_relation(related.relation.id)), state)

    container = out.get_container(CONTAINER)
    assert environment(out) == {}
    assert container.plan.services[SERVICE].on_check_failure == {}
    assert all(
        check.startup is not ops.pebble.CheckStartup.ENABLED
        for check in container.plan.checks.values()
    )
    assert status(out) == BLOCKED


@pytest.mark.parametrize("wrong", [{"server-port": 22}, {"tls-verification": "verify_full"}])
def test_a_wrong_option_keeps_its_value_and_stops_nothing_else(
    ctx: Ctx, wrong: dict[str, int | str]
) -> None:
    right: dict[str, int | str] = {"server-port": 8080, "tls-verification": "verify-ca"}
    related = relation_for_requirer("database", response=Response(tls_ca=CA))
    state = changed(ctx, unit(related, config=right))
    state = provide(state, {**databag(state), "endpoints": "other:5432"})

    out = changed(ctx, dataclasses.replace(state, config=right | wrong))

    assert environment(out)["DEMO_SERVER_DB_HOST"] == "other"
    assert environment(out)["PGSSLMODE"] == "verify-ca"
    assert "--port=8080" in out.get_container(CONTAINER).plan.services[SERVICE].command
    assert out.opened_ports == {TCPPort(8080)}
    assert status(out).startswith("blocked: Invalid ")

    out = ctx.run(ctx.on.relation_broken(out.get_relation(related.relation.id)), out)
    assert environment(out) == {}


def test_in_a_new_container_a_wrong_option_has_its_default(ctx: Ctx) -> None:
    state = unit(relation_for_requirer("database"), config={"server-port": 22})

    out = changed(ctx, state)

    assert "--port=8000" in out.get_container(CONTAINER).plan.services[SERVICE].command
    assert environment(out)["DEMO_SERVER_DB_USER"]
    assert status(out) == "blocked: Invalid port number, 22 is reserved for SSH"


def test_a_wrong_option_has_its_default_where_the_plan_has_a_wrong_one_too(ctx: Ctx) -> None:
    layer = ops.pebble.Layer(
        {"services": {SERVICE: {"override": "replace", "command": f"{UVICORN} --port=99999"}}}
    )
    container = Container(CONTAINER, can_connect=True, layers={"fastapi_demo": layer})

    out = ctx.run(ctx.on.config_changed(), unit(container=container, config={"server-port": 22}))

    assert "--port=8000" in out.get_container(CONTAINER).plan.services[SERVICE].command
    assert status(out) == "blocked: Invalid port number, 22 is reserved for SSH"


@pytest.mark.parametrize("is_answered", [True, False])
def test_dead_credentials_go_with_their_relation_also_when_another_is_there(
    ctx: Ctx, is_answered: bool
) -> None:
    old = relation_for_requirer("database", response=Response(password="dead"))
    state = changed(ctx, unit(old))
    new = relation_for_requirer(
        "database", response=Response(password="new") if is_answered else False
    )
    state = dataclasses.replace(
        state,
        relations=frozenset({*state.relations, new.relation}),
        secrets=frozenset({*state.secrets, *new.secrets}),
    )

    out = ctx.run(ctx.on.relation_broken(state.get_relation(old.relation.id)), state)

    assert environment(out).get("DEMO_SERVER_DB_PASSWORD") == ("new" if is_answered else None)


def test_dead_credentials_go_also_if_the_end_of_their_relation_was_missed(ctx: Ctx) -> None:
    state = changed(ctx, unit(relation_for_requirer("database")))
    other = relation_for_requirer("database", response=False)
    state = dataclasses.replace(state, relations=frozenset({other.relation}), secrets=frozenset())

    assert environment(ctx.run(ctx.on.update_status(), state)) == {}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *itertools.product(("username", "password", "database"), ("=", "<<", "0b_", "2001-13-45")),
        ("endpoints", "2001-13-45:5432"),
    ],
)
def test_what_yaml_would_change_is_refused_by_name(ctx: Ctx, field: str, value: str) -> None:
    state = changed(ctx, unit(bare_answer()))
    before = environment(state)

    out = changed(ctx, provide(state, {**databag(state), field: value}))

    assert status(out).startswith(f"blocked: Invalid `{field}` from the database: ")
    assert environment(out) == before


def test_the_opened_port_is_put_right_by_any_event(ctx: Ctx) -> None:
    state = dataclasses.replace(
        changed(ctx, unit(bare_answer())), opened_ports=frozenset({TCPPort(1)})
    )

    assert ctx.run(ctx.on.update_status(), state).opened_ports == {TCPPort(8000)}


def test_no_password_stays_in_a_service_of_an_earlier_revision(ctx: Ctx) -> None:
    older = ops.pebble.Layer(
        {
            "services": {
                "fastapi": {
                    "override": "replace",
                    "startup": "enabled",
                    "command": "uvicorn app",
                    "environment": {"DEMO_SERVER_DB_PASSWORD": "secret"},
                }
            }
        }
    )
    container = Container(
        CONTAINER,
        can_connect=True,
        layers={"fastapi_demo": older},
        service_statuses={"fastapi": ops.pebble.ServiceStatus.ACTIVE},
    )

    out = ctx.run(ctx.on.upgrade_charm(), unit(container=container))

    assert "secret" not in str(out.get_container(CONTAINER).plan.to_dict())
    assert not out.get_container(CONTAINER).services["fastapi"].is_running()


@pytest.fixture
def unwritable(tmp_path: Path) -> Container:
    """A new container where somebody else's file is in the place of the CA's directory."""
    file = tmp_path / "somebody-elses"
    file.touch()
    mount = Mount(location="/tmp/fastapi-demo", source=file)
    return Container(CONTAINER, can_connect=True, mounts={"ca": mount})


def with_ca() -> TestRelation:
    """Return a complete answer that cannot be used without its CA's file."""
    return relation_for_requirer("database", response=Response(tls_ca=CA))


def test_a_new_container_has_a_server_also_where_the_ca_cannot_be_written(
    ctx: Ctx, unwritable: Container
) -> None:
    out = changed(ctx, unit(with_ca(), unwritable))

    assert environment(out) == {}
    assert out.get_container(CONTAINER).services[SERVICE].is_running()
    assert status(out).startswith(CANNOT_WRITE)


def test_a_ca_that_cannot_be_written_keeps_what_its_relation_has_brought(
    ctx: Ctx, unwritable: Container
) -> None:
    state = changed(ctx, unit(bare_answer(), unwritable))
    before = environment(state)
    state = provide(state, {**databag(state), "tls": "true", "tls-ca": CA})

    out = changed(ctx, dataclasses.replace(state, config={"server-port": 8080}))

    assert environment(out) == before
    assert "--port=8080" in out.get_container(CONTAINER).plan.services[SERVICE].command
    assert status(out).startswith(CANNOT_WRITE)


def test_a_ca_that_cannot_be_written_keeps_no_dead_credentials(
    ctx: Ctx, unwritable: Container
) -> None:
    state = changed(ctx, unit(bare_answer(), unwritable))
    new = with_ca()
    state = dataclasses.replace(
        state, relations=frozenset({new.relation}), secrets=frozenset(new.secrets)
    )

    out = changed(ctx, state)

    assert environment(out) == {}
    assert status(out).startswith(CANNOT_WRITE)


def test_where_no_ca_can_be_written_a_change_that_needs_none_is_made(
    ctx: Ctx, unwritable: Container
) -> None:
    state = changed(ctx, unit(bare_answer(), unwritable))

    out = changed(ctx, provide(state, {**databag(state), "password": "newer"}))

    assert environment(out)["DEMO_SERVER_DB_PASSWORD"] == "newer"
    assert status(out) == "active"


def test_a_new_relation_starts_clean(ctx: Ctx) -> None:
    first = relation_for_requirer("database", response=Response(tls_ca=CA))
    state = changed(ctx, unit(first))
    state = ctx.run(ctx.on.relation_broken(state.get_relation(first.relation.id)), state)

    second = relation_for_requirer("database", remote_app_name="pgbouncer-k8s", response=False)
    state = dataclasses.replace(state, relations=frozenset({second.relation}), secrets=frozenset())
    out = changed(ctx, state)

    assert environment(out) == {}
    assert status(out) == WAITING


@pytest.fixture
def rock() -> Container:
    """A container whose image has started a server of its own."""
    layer = ops.pebble.Layer(
        {
            "services": {
                "fastapi": {"override": "replace", "startup": "enabled", "command": "uvicorn app"}
            },
            "checks": {
                "up": {"override": "replace", "level": "ready", "http": {"url": "http://localhost"}}
            },
        }
    )
    return Container(
        CONTAINER,
        can_connect=True,
        layers={"001-rock": layer},
        service_statuses={"fastapi": ops.pebble.ServiceStatus.ACTIVE},
        check_infos={CheckInfo("up", level=ops.pebble.CheckLevel.READY)},
    )


def test_the_images_own_services_and_checks_are_put_to_rest(ctx: Ctx, rock: Container) -> None:
    out = ctx.run(ctx.on.pebble_ready(rock), unit(container=rock))

    after = out.get_container(CONTAINER)
    assert after.service_statuses == {
        "fastapi": ops.pebble.ServiceStatus.INACTIVE,
        SERVICE: ops.pebble.ServiceStatus.ACTIVE,
    }
    assert after.plan.services["fastapi"].startup == "disabled"
    assert after.plan.checks["up"].startup is ops.pebble.CheckStartup.DISABLED


def test_a_server_that_runs_beside_ours_is_stopped_by_any_event(ctx: Ctx, rock: Container) -> None:
    state = ctx.run(ctx.on.pebble_ready(rock), unit(container=rock))
    both = dict.fromkeys(("fastapi", SERVICE), ops.pebble.ServiceStatus.ACTIVE)
    container = dataclasses.replace(state.get_container(CONTAINER), service_statuses=both)

    out = ctx.run(
        ctx.on.update_status(), dataclasses.replace(state, containers=frozenset({container}))
    )

    services = out.get_container(CONTAINER).services
    assert {name: service.is_running() for name, service in services.items()} == {
        "fastapi": False,
        SERVICE: True,
    }
