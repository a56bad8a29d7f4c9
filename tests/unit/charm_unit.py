"""One unit of the charm as the tests see it: a state goes in, what Juju and Pebble see comes out."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from ops.testing import Container, Context, Relation, Secret, State

from charm import FastAPIDemoCharm
from postgresql_client.testing import TestRelation

Ctx = Context[FastAPIDemoCharm]

CONTAINER = "demo-server"
SERVICE = "fastapi-service"
UVICORN = "uvicorn api_demo_server.app:app --host=0.0.0.0"


def unit(
    related: TestRelation | None = None,
    container: Container | None = None,
    *,
    leader: bool = True,
    config: Mapping[str, int | str] | None = None,
) -> State:
    """Return a unit with or without a relation, and by default with a new container."""
    return State(
        leader=leader,
        config=dict(config or {}),
        containers={container or Container(CONTAINER, can_connect=True)},
        relations={related.relation} if related else frozenset(),
        secrets=related.secrets if related else frozenset(),
    )


def environment(state: State) -> dict[str, str]:
    """Return the environment that the plan gives the server."""
    return state.get_container(CONTAINER).plan.services[SERVICE].environment


def status(state: State) -> str:
    """Return the unit's status as ``juju status`` shows it."""
    shown = state.unit_status
    return f"{shown.name}: {shown.message}" if shown.message else shown.name


def relation(state: State) -> Relation:
    """Return the database relation."""
    return at(state, "database")


def at(state: State, endpoint: str) -> Relation:
    """Return the relation at an endpoint."""
    (found,) = state.get_relations(endpoint)
    assert isinstance(found, Relation)
    return found


def databag(state: State) -> dict[str, str]:
    """Return what the provider has written."""
    written: Mapping[str, str] = relation(state).remote_app_data
    return dict(written)


def provide(
    state: State, databag: Mapping[str, str], secrets: Iterable[Secret] | None = None
) -> State:
    """Let the provider write, without an event."""
    before = relation(state)
    written = replace(before, remote_app_data=dict(databag))
    known = state.secrets if secrets is None else frozenset(secrets)
    return replace(state, relations=(state.relations - {before}) | {written}, secrets=known)


def changed(ctx: Ctx, state: State) -> State:
    """Dispatch relation-changed."""
    return ctx.run(ctx.on.relation_changed(relation(state), remote_unit=0), state)
