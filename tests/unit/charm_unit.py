"""A unit of the charm for tests: a state and an event go in, what Juju and Pebble see comes out."""

import socket
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from unittest.mock import patch

import ops
import pytest
import scenario.mocking
from ops.testing import Container, Context, Relation, Secret, State
from pydantic import TypeAdapter

from charm import FastAPIDemoCharm
from postgresql_client.testing import RelationWithSecrets

Ctx = Context[FastAPIDemoCharm]

CONTAINER = "demo-server"
SERVICE = "fastapi-service"
BARE = {
    "DEMO_SERVER_DB_HOST": "db.example",
    "DEMO_SERVER_DB_PORT": "5432",
    "DEMO_SERVER_DB_USER": "me",
    "DEMO_SERVER_DB_PASSWORD": "secret",
}
"""The server's environment with ``bare_answer``."""

_ROWS = TypeAdapter(list[dict[str, str]])
_RESULTS = TypeAdapter(dict[str, dict[str, str]])


def bare_answer() -> RelationWithSecrets:
    """Return an answer of the three keys that every answer needs."""
    databag = {"endpoints": "db.example:5432", "username": "me", "password": "secret"}
    return RelationWithSecrets(Relation("database", remote_app_data=databag))


def new_unit(
    related: RelationWithSecrets | None = None,
    container: Container | None = None,
    *,
    leader: bool = True,
    config: Mapping[str, int | str] | None = None,
) -> State:
    """Return a unit with or without a database, and by default with a new container."""
    return State(
        leader=leader,
        config=dict(config or {}),
        containers={container or Container(CONTAINER, can_connect=True)},
        relations={related.relation} if related else frozenset(),
        secrets=related.secrets if related else frozenset(),
    )


def at(state: State, endpoint: str) -> Relation:
    """Return the relation at an endpoint."""
    (found,) = state.get_relations(endpoint)
    assert isinstance(found, Relation)
    return found


def plan(state: State) -> ops.pebble.Plan:
    """Return Pebble's plan."""
    return state.get_container(CONTAINER).plan


def command(state: State) -> str:
    """Return the command of the server in the plan."""
    return plan(state).services[SERVICE].command


def environment(state: State) -> dict[str, str]:
    """Return the environment of the server in the plan."""
    return plan(state).services[SERVICE].environment


def status(state: State) -> str:
    """Return the unit's status as ``juju status`` shows it."""
    shown = state.unit_status
    return f"{shown.name}: {shown.message}" if shown.message else shown.name


def databag(state: State) -> dict[str, str]:
    """Return what the provider of the database has written."""
    written: Mapping[str, str] = at(state, "database").remote_app_data
    return dict(written)


# Each of these changes the state without an event.


def with_relations(state: State, *relations: Relation) -> State:
    return replace(state, relations=frozenset({*state.relations, *relations}))


def with_container(state: State, container: Container) -> State:
    return replace(state, containers=frozenset({container}))


def provide(
    state: State,
    databag: Mapping[str, str],
    secrets: Iterable[Secret] | None = None,
    endpoint: str = "database",
) -> State:
    """Let the provider at an endpoint write."""
    before = at(state, endpoint)
    written = replace(before, remote_app_data=dict(databag))
    known = state.secrets if secrets is None else frozenset(secrets)
    return replace(state, relations=(state.relations - {before}) | {written}, secrets=known)


# Each of these sends an event.


def created(ctx: Ctx, state: State, endpoint: str) -> State:
    return ctx.run(ctx.on.relation_created(at(state, endpoint)), state)


def changed(ctx: Ctx, state: State, endpoint: str = "database") -> State:
    return ctx.run(ctx.on.relation_changed(at(state, endpoint), remote_unit=0), state)


def removed(ctx: Ctx, state: State, endpoint: str) -> State:
    out = ctx.run(ctx.on.relation_broken(at(state, endpoint)), state)
    return replace(out, relations=out.relations - {at(out, endpoint)})


def configured(ctx: Ctx, state: State, config: Mapping[str, int | str]) -> State:
    return ctx.run(ctx.on.config_changed(), replace(state, config=dict(config)))


def details(ctx: Ctx, state: State, scope: str = "unit") -> list[dict[str, str]]:
    """Run ``status-detail``, and return its rows."""
    ctx.run(ctx.on.action("status-detail"), state)
    results = _RESULTS.validate_python(ctx.action_results)
    return _ROWS.validate_json(results["json-output"][scope])


@contextmanager
def starts_fail(reason: str) -> Iterator[None]:
    """Let Pebble fail to start the server while the context lasts."""
    change = ops.pebble.Change.from_dict(
        {
            "id": "1",
            "kind": "start",
            "summary": "",
            "status": "Error",
            "ready": True,
            "spawn-time": "2026-11-28T21:00:00Z",
        }
    )
    text = f'cannot perform the following tasks:\n- Start service "{SERVICE}" ({reason})'
    error = ops.pebble.ChangeError(text, change)
    with patch.object(scenario.mocking._MockPebbleClient, "start_services", side_effect=error):
        yield


def new_lines(ctx: Ctx) -> list[str]:
    """Return what the charm has logged since the last call, without what is for debugging."""
    lines = [line.message for line in ctx.juju_log if line.level not in ("DEBUG", "TRACE")]
    ctx.juju_log.clear()
    return lines


def give_address(monkeypatch: pytest.MonkeyPatch, ip: str) -> None:
    """Let the pod have this address alone."""
    found = [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (ip, 0))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
