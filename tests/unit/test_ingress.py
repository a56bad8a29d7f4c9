"""The ingress: what the charm asks it for, and what the charm does with its answer."""

import json
from collections.abc import Mapping

import pytest
from ops.testing import State

from ingress.testing import relation_for_requirer as ingress_relation
from unit.charm_unit import (
    BARE,
    Ctx,
    at,
    bare_answer,
    changed,
    command,
    configured,
    created,
    details,
    environment,
    give_address,
    new_lines,
    new_unit,
    plan,
    provide,
    removed,
    status,
    with_relations,
)

INGRESS = "ingress"
URL = "http://192.0.2.1/m-fastapi-demo"
ROOT_PATH = {"UVICORN_ROOT_PATH": "/m-fastapi-demo"}
OTHER_PATH = {"UVICORN_ROOT_PATH": "/other"}
HTTPS = {"FORWARDED_ALLOW_IPS": "*"}
MALFORMED = ["{", "[]", '{"url": 1}', '{"url": "ftp://h/"}', '{"url": "http://h//other"}']


def related(ctx: Ctx, state: State, url: str | None = URL) -> State:
    """Add the ingress."""
    return created(ctx, with_relations(state, ingress_relation(INGRESS, url=url)), INGRESS)


def answered(ctx: Ctx, state: State, answer: str | None) -> State:
    """Let the ingress write, and tell the unit."""
    written = {} if answer is None else {"ingress": answer}
    return changed(ctx, provide(state, written, endpoint=INGRESS), INGRESS)


def serving(ctx: Ctx, *, port: int = 8000, leader: bool = True) -> State:
    """Return a unit that serves with a database, behind an ingress."""
    config = {"server-port": port}
    return related(ctx, changed(ctx, new_unit(bare_answer(), leader=leader, config=config)))


def request(state: State) -> dict[str, str]:
    """Return the leader's request to the ingress."""
    asked: Mapping[str, str] = at(state, INGRESS).local_app_data
    return dict(asked)


def row(ctx: Ctx, state: State, scope: str = "app") -> tuple[str, str] | None:
    """Return status and message of the ingress in ``status-detail``."""
    found = [each for each in details(ctx, state, scope) if each["Component Name"] == INGRESS]
    return (found[0]["Status"], found[0]["Message"]) if found else None


@pytest.mark.parametrize("ip", ["10.1.2.3", "fd00::7"])
@pytest.mark.parametrize("leader", [True, False])
def test_the_leader_asks_for_a_route_and_every_unit_gives_its_address(
    ctx: Ctx, monkeypatch: pytest.MonkeyPatch, *, leader: bool, ip: str
) -> None:
    give_address(monkeypatch, ip)
    state = serving(ctx, port=8080, leader=leader)

    of_unit: Mapping[str, str] = at(state, INGRESS).local_unit_data
    assert (of_unit["host"], of_unit["ip"]) == ('"fastapi-demo-0.test"', f'"{ip}"')
    assert environment(state) == BARE | ROOT_PATH
    if not leader:
        assert request(state) == {}
        return
    assert (
        request(state).items()
        >= {
            "name": '"fastapi-demo"',
            "port": "8080",
            "strip-prefix": "true",
            "healthcheck_params": '{"path": "/version", "interval": "10s", "timeout": "3s"}',
        }.items()
    )
    for port, routed in ((9090, "9090"), (22, "9090")):
        state = configured(ctx, state, {"server-port": port})
        assert request(state)["port"] == routed


def test_the_server_follows_the_url_and_restarts_only_if_its_environment_changes(ctx: Ctx) -> None:
    state = serving(ctx)
    before: dict[str, str] = ROOT_PATH
    new_lines(ctx)
    for url, variables in (
        ("https://example.com:8443/other", HTTPS | OTHER_PATH),
        ("https://other.example/other", HTTPS | OTHER_PATH),
        ("https://fastapi-demo.example/", HTTPS),
        ("http://h/other", OTHER_PATH),
        ("http://fastapi-demo.example/", {}),
        (URL, ROOT_PATH),
    ):
        state = answered(ctx, state, json.dumps({"url": url}))
        assert environment(state) == BARE | variables
        assert len(new_lines(ctx)) == (variables != before)
        before = variables


def test_database_and_ingress_come_and_go_independently(ctx: Ctx) -> None:
    alone = related(ctx, new_unit())
    assert environment(alone) == ROOT_PATH
    assert status(alone) == "blocked: Waiting for database relation"

    both = changed(ctx, with_relations(alone, bare_answer().relation))
    assert environment(both) == BARE | ROOT_PATH
    assert status(both) == "active"

    assert environment(removed(ctx, both, "database")) == ROOT_PATH
    both = answered(ctx, provide(both, {}), json.dumps({"url": "https://h/other"}))
    assert environment(both) == BARE | HTTPS | OTHER_PATH, "the database's answer was withdrawn"
    assert environment(removed(ctx, both, INGRESS)) == BARE


@pytest.mark.parametrize("leader", [True, False])
def test_port_65535_blocks_until_the_port_changes_or_the_ingress_goes(
    ctx: Ctx, *, leader: bool
) -> None:
    state = configured(ctx, serving(ctx, leader=leader), {"server-port": 65535})

    expected = "No ingress accepts server-port 65535: set another with juju config"
    assert status(state) == f"blocked: {expected}"
    assert command(state).endswith("--port=65535")
    assert environment(state) == BARE

    wrong = configured(ctx, state, {"server-port": 22})
    assert status(wrong) == "blocked: Invalid port number, 22 is reserved for SSH"
    assert row(ctx, wrong) == ("Blocked", expected), "the server is still at that port"

    assert status(removed(ctx, state, INGRESS)) == "active"
    state = configured(ctx, state, {"server-port": 65534})
    assert status(state) == "active"
    assert environment(state) == BARE | ROOT_PATH


def test_only_the_details_show_the_url_or_that_it_is_missing(ctx: Ctx) -> None:
    without = changed(ctx, new_unit(bare_answer()))
    assert row(ctx, without) is None

    state = related(ctx, without, url=None)
    assert environment(state) == BARE
    assert row(ctx, state) == ("Waiting", "Waiting for the URL from the ingress")
    assert (status(state), row(ctx, state, "unit")) == ("active", None)

    state = answered(ctx, state, json.dumps({"url": URL}))
    assert row(ctx, state) == ("Active", URL)
    assert (status(state), row(ctx, state, "unit")) == ("active", None)


@pytest.mark.parametrize("answer", [None, *MALFORMED])
def test_without_a_usable_answer_the_server_keeps_its_prefix(ctx: Ctx, answer: str | None) -> None:
    state = answered(ctx, serving(ctx), json.dumps({"url": "https://h/other"}))
    before = plan(state)

    state = answered(ctx, state, answer)

    assert plan(state) == before
    if answer is None:
        assert status(state) == "active"
        return
    message = state.unit_status.message
    assert message.startswith("Invalid `ingress")
    assert message.endswith("; the server keeps what it had")
    assert len(message) < 120
    assert row(ctx, state) == row(ctx, state, "unit") == ("Blocked", message)
    assert status(answered(ctx, state, json.dumps({"url": URL}))) == "active"
    assert status(removed(ctx, state, "database")) == "blocked: Waiting for database relation"
