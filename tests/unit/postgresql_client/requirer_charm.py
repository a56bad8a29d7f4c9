"""A charm with nothing but a database."""

from collections.abc import Iterable, Mapping
from typing import TypeAlias

from ops.testing import Relation, Secret, State

from postgresql_client import DatabaseRequest, DatabaseRequirer
from unit.databag.one_endpoint import OneEndpoint

ENDPOINT = "database"
INTERFACE = "postgresql_client"
META: dict[str, object] = {"name": "my-app", "requires": {ENDPOINT: {"interface": INTERFACE}}}
REQUEST = DatabaseRequest("names")
Unit: TypeAlias = OneEndpoint[DatabaseRequirer]


def charm(request: DatabaseRequest = REQUEST) -> Unit:
    return OneEndpoint(lambda charm: DatabaseRequirer(charm, ENDPOINT, request), META)


def shown(unit: Unit) -> str:
    """Return all text that may be shown after an event."""
    answer, statuses = unit.endpoint.answer, unit.endpoint.statuses
    return f"{answer}{answer!r}{statuses}{[line.message for line in unit.ctx.juju_log]}"


def related(
    databag: Mapping[str, str] = {}, *, written: Mapping[str, str] = {}, of_unit: str | None = None
) -> Relation:
    """Return the relation, with what the provider and our leader wrote."""
    return Relation(
        ENDPOINT,
        interface=INTERFACE,
        remote_app_name="postgresql-k8s",
        remote_app_data=dict(databag),
        local_app_data=dict(written),
        remote_units_data={0: {"state": of_unit} if of_unit else {}},
    )


def state(*relations: Relation, secrets: Iterable[Secret] = ()) -> State:
    return State(leader=True, relations=frozenset(relations), secrets=frozenset(secrets))
