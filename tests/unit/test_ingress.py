"""An ingress at the charm's endpoint: what it is asked for, and what comes of its answer."""

import json
from collections.abc import Mapping
from dataclasses import replace

import ops
import pytest
from ops.testing import ActionFailed, Relation, State
from pydantic import TypeAdapter

from ingress.testing import relation_for_requirer as ingress_relation
from postgresql_client.testing import TestRelation, relation_for_requirer
from unit.charm_unit import (
    CONTAINER,
    SERVICE,
    UVICORN,
    Ctx,
    at,
    changed,
    environment,
    provide,
    status,
    unit,
)
from unit.hook_tools import counted

INGRESS = "ingress"
URL = "http://192.0.2.1/m-fastapi-demo"
ROOT_PATH = {"UVICORN_ROOT_PATH": "/m-fastapi-demo"}
DATABASE = {
    "DEMO_SERVER_DB_HOST": "db.example",
    "DEMO_SERVER_DB_PORT": "5432",
    "DEMO_SERVER_DB_USER": "me",
    "DEMO_SERVER_DB_PASSWORD": "secret",
}
MALFORMED = ["{", "[]", '{"url": 1}', '{"url": "ftp://h/"}', '{"url": "http://h//other"}']


def database() -> TestRelation:
    databag = {"endpoints": "db.example:5432", "username": "me", "password": "secret"}
    return TestRelation(Relation("database", remote_app_data=databag))


def related(state: State, url: str | None = URL) -> State:
    """Add the ingress, without an event."""
    relation = ingress_relation(INGRESS, url=url)
    return replace(state, relations=state.relations | {relation})


def unrelated(ctx: Ctx, state: State, endpoint: str) -> State:
    """Remove a relation."""
    relation = at(state, endpoint)
    out = ctx.run(ctx.on.relation_broken(relation), state)
    return replace(out, relations=out.relations - {at(out, endpoint)})


def created(ctx: Ctx, state: State, endpoint: str = INGRESS) -> State:
    return ctx.run(ctx.on.relation_created(at(state, endpoint)), state)


def written(state: State, answer: str | None) -> State:
    """Let the ingress write, without an event."""
    before = at(state, INGRESS)
    after = replace(before, remote_app_data={} if answer is None else {"ingress": answer})
    return replace(state, relations=(state.relations - {before}) | {after})


def answered(ctx: Ctx, state: State, answer: str | None) -> State:
    """Let the ingress write, and tell the unit."""
    state = written(state, answer)
    return ctx.run(ctx.on.relation_changed(at(state, INGRESS), remote_unit=0), state)


def configured(ctx: Ctx, state: State, port: int) -> State:
    return ctx.run(ctx.on.config_changed(), replace(state, config={"server-port": port}))


def serving(ctx: Ctx, *, port: int = 8000, leader: bool = True) -> State:
    """Return a unit that serves with a database, behind an ingress."""
    config = {"server-port": port}
    return created(ctx, related(changed(ctx, unit(database(), leader=leader, config=config))))


def request(state: State) -> dict[str, str]:
    """Return what the leader has asked the ingress for."""
    asked: Mapping[str, str] = at(state, INGRESS).local_app_data
    return dict(asked)


def address(state: State) -> dict[str, str]:
    """Return what the unit has said about itself."""
    said: Mapping[str, str] = at(state, INGRESS).local_unit_data
    return {key: said[key] for key in ("host", "ip")}


def plan(state: State) -> dict[str, object]:
    found: ops.pebble.Plan = state.get_container(CONTAINER).plan
    return {**found.to_dict()}


def row(ctx: Ctx, state: State, scope: str = "app") -> dict[str, str] | None:
    """Return what ``status-detail`` says about the ingress."""
    ctx.run(ctx.on.action("status-detail"), state)
    results = TypeAdapter(dict[str, dict[str, str]]).validate_python(ctx.action_results)
    rows = TypeAdapter(list[dict[str, str]]).validate_json(results["json-output"][scope])
    found = [each for each in rows if each["Component Name"] == INGRESS]
    assert len(found) <= 1
    return found[0] if found else None


# What the ingress is asked for


def test_the_ingress_is_asked_for_a_route_to_the_port_without_the_prefix(ctx: Ctx) -> None:
    state = serving(ctx, port=8080)

    assert request(state)["name"] == '"fastapi-demo"'
    assert request(state)["port"] == "8080"
    assert request(state)["strip-prefix"] == "true"
    assert address(state) == {"host": '"fastapi-demo-0.test"', "ip": '"10.1.2.3"'}


def test_a_unit_that_does_not_lead_says_where_it_is_and_takes_the_prefix(ctx: Ctx) -> None:
    state = serving(ctx, leader=False)

    assert request(state) == {}
    assert address(state)["host"] == '"fastapi-demo-0.test"'
    assert environment(state) == DATABASE | ROOT_PATH


def test_another_port_is_routed_to(ctx: Ctx) -> None:
    assert request(configured(ctx, serving(ctx), 9090))["port"] == "9090"


def test_while_the_port_is_wrong_the_one_that_is_served_is_routed_to(ctx: Ctx) -> None:
    state = serving(ctx, port=8080)

    state = configured(ctx, state, 22)

    assert request(state)["port"] == "8080"
    assert environment(state) == DATABASE | ROOT_PATH


# What the server is told


def test_without_a_database_the_prefix_is_all_that_the_service_has_more(ctx: Ctx) -> None:
    assert plan(created(ctx, related(unit()))) == {
        "services": {
            SERVICE: {
                "override": "replace",
                "summary": "fastapi demo",
                "startup": "enabled",
                "command": f"{UVICORN} --port=8000",
                "environment": ROOT_PATH,
            }
        }
    }


def test_database_and_ingress_come_in_any_order(ctx: Ctx) -> None:
    last = serving(ctx)
    first = created(ctx, related(unit()))
    first = changed(ctx, replace(first, relations=first.relations | {database().relation}))

    assert environment(first) == environment(last) == DATABASE | ROOT_PATH
    assert status(first) == status(last) == "active"


def test_an_ingress_with_a_host_name_for_the_server_alone_has_no_prefix(ctx: Ctx) -> None:
    state = answered(ctx, serving(ctx), json.dumps({"url": "http://m-fastapi-demo.example/"}))

    assert environment(state) == DATABASE


def test_another_prefix_is_one_change_and_the_same_again_is_none(ctx: Ctx) -> None:
    answer = json.dumps({"url": "https://example.com:8443/other"})

    state = serving(ctx)

    with counted() as calls:
        state = answered(ctx, state, answer)
    assert environment(state) == DATABASE | {"UVICORN_ROOT_PATH": "/other"}
    assert calls.of("add_layer") == 1

    with counted() as calls:
        answered(ctx, state, answer)
    assert calls.of("add_layer") == 0


def test_a_prefix_whose_event_was_lost_is_taken_with_the_next(ctx: Ctx) -> None:
    state = written(serving(ctx), json.dumps({"url": "http://h/other"}))

    state = ctx.run(ctx.on.update_status(), state)

    assert environment(state) == DATABASE | {"UVICORN_ROOT_PATH": "/other"}


@pytest.mark.parametrize("answer", [None, *MALFORMED])
def test_an_answer_of_no_use_leaves_the_server_alone(ctx: Ctx, answer: str | None) -> None:
    state = serving(ctx)
    before = plan(state)

    with counted() as calls:
        state = answered(ctx, state, answer)

    assert plan(state) == before
    assert calls.of("add_layer") == 0


def test_without_an_answer_yet_there_is_no_prefix(ctx: Ctx) -> None:
    state = created(ctx, related(changed(ctx, unit(database())), url=None))

    assert environment(state) == DATABASE


def test_with_the_relation_the_prefix_goes_and_the_credentials_stay(ctx: Ctx) -> None:
    before = changed(ctx, unit(database()))

    state = unrelated(ctx, created(ctx, related(before)), INGRESS)

    assert plan(state) == plan(before)
    assert environment(state) == DATABASE


def test_without_the_database_the_prefix_stays(ctx: Ctx) -> None:
    state = unrelated(ctx, serving(ctx), "database")

    assert environment(state) == ROOT_PATH
    assert status(state) == "blocked: Waiting for database relation"


@pytest.mark.parametrize("databag", [{}, {"endpoints": "nonsense"}])
def test_while_the_databases_answer_is_of_no_use_the_prefix_changes_on_its_own(
    ctx: Ctx, databag: dict[str, str]
) -> None:
    state = provide(serving(ctx), databag)

    state = answered(ctx, state, json.dumps({"url": "http://h/other"}))
    assert environment(state) == DATABASE | {"UVICORN_ROOT_PATH": "/other"}

    state = unrelated(ctx, state, INGRESS)
    assert environment(state) == DATABASE


def test_credentials_change_on_their_own_while_the_ingress_is_malformed(ctx: Ctx) -> None:
    state = answered(ctx, serving(ctx), "{")

    databag = {"endpoints": "db.example:5432", "username": "me", "password": "other"}
    state = changed(ctx, provide(state, databag))

    assert environment(state) == DATABASE | ROOT_PATH | {"DEMO_SERVER_DB_PASSWORD": "other"}


# A port that no ingress takes


@pytest.mark.parametrize("leader", [True, False])
def test_port_65535_is_named_until_there_is_another(ctx: Ctx, *, leader: bool) -> None:
    state = configured(ctx, serving(ctx, leader=leader), 65535)

    expected = "No ingress accepts server-port 65535: set another with juju config"
    assert status(state) == f"blocked: {expected}"
    assert f"{UVICORN} --port=65535" in str(plan(state))
    assert environment(state) == DATABASE

    state = configured(ctx, state, 8080)
    assert status(state) == "active"
    assert environment(state) == DATABASE | ROOT_PATH


def test_port_65535_is_no_trouble_without_an_ingress(ctx: Ctx) -> None:
    state = unrelated(ctx, serving(ctx, port=65535), INGRESS)

    assert status(state) == "active"


def test_the_port_that_is_served_decides_also_while_another_is_wrong(ctx: Ctx) -> None:
    state = configured(ctx, serving(ctx, port=65535), 22)

    assert status(state) == "blocked: Invalid port number, 22 is reserved for SSH"
    found = row(ctx, state)
    assert found is not None
    assert "65535" in found["Message"]


# What the operator sees


@pytest.mark.parametrize("leader", [True, False])
def test_the_url_is_in_the_details_alone(ctx: Ctx, *, leader: bool) -> None:
    state = serving(ctx, leader=leader)

    assert status(state) == "active"
    found = row(ctx, state)
    assert found is not None
    assert (found["Status"], found["Message"]) == ("Active", URL)


def test_an_ingress_that_has_not_answered_is_in_the_details_alone(ctx: Ctx) -> None:
    state = answered(ctx, serving(ctx), None)

    assert status(state) == "active"
    found = row(ctx, state)
    assert found is not None
    assert found["Status"] == "Waiting"
    assert "provider's status" in found["Action"]


@pytest.mark.parametrize("answer", MALFORMED)
def test_a_malformed_answer_blocks_and_is_named(ctx: Ctx, answer: str) -> None:
    state = answered(ctx, serving(ctx), answer)

    message = state.unit_status.message
    assert status(state).startswith("blocked: Invalid `ingress")
    assert message.endswith("; the server keeps what it had")
    assert len(message) < 120
    for scope in ("app", "unit"):
        found = row(ctx, state, scope)
        assert found is not None
        assert found["Message"] == message

    assert status(answered(ctx, state, json.dumps({"url": URL}))) == "active"


def test_without_an_ingress_there_is_nothing_about_it(ctx: Ctx) -> None:
    state = changed(ctx, unit(database()))

    assert row(ctx, state) is None
    assert row(ctx, state, "unit") is None


def test_what_the_server_lacks_is_the_root_cause(ctx: Ctx) -> None:
    state = created(ctx, related(unit()))

    assert status(answered(ctx, state, "{")) == "blocked: Waiting for database relation"


def test_a_prefix_is_not_taken_for_credentials(ctx: Ctx) -> None:
    granted = relation_for_requirer("database")
    state = related(unit(TestRelation(granted.relation)))

    state = created(ctx, state)

    assert environment(state) == ROOT_PATH
    assert status(state) == "waiting: Waiting for database relation"


def test_where_the_database_is_has_nothing_of_the_ingress(ctx: Ctx) -> None:
    state = serving(ctx)
    ctx.run(ctx.on.action("get-db-info"), state)
    assert ctx.action_results is not None
    assert set(ctx.action_results) == {"db-host", "db-port", "db-name", "db-tls", "db-version"}

    for answer in ("{", json.dumps({"url": URL})):
        alone = answered(ctx, unrelated(ctx, state, "database"), answer)
        with pytest.raises(ActionFailed) as failed:
            ctx.run(ctx.on.action("get-db-info"), alone)
        assert failed.value.message == "No database connected: Waiting for database relation"


# What it costs


def test_a_quiet_event_asks_for_the_answer_in_three_calls(ctx: Ctx) -> None:
    without = changed(ctx, unit(database()))
    with_ingress = created(ctx, related(without))

    def calls_of_a_quiet_event(state: State) -> int:
        with counted() as calls:
            ctx.run(ctx.on.update_status(), state)
        return calls.total

    # The first of the three is made also without the relation.
    assert calls_of_a_quiet_event(with_ingress) == calls_of_a_quiet_event(without) + 2
