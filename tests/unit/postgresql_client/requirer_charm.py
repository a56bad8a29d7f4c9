"""A charm with nothing but a database, and what one event does to it."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar

import ops
from ops.testing import Context, JujuLogLine, Relation, Secret, State
from scenario.state import _Event

from postgresql_client import (
    Answer,
    DatabaseEvent,
    DatabaseRequest,
    DatabaseRequirer,
)

ENDPOINT = "database"
INTERFACE = "postgresql_client"
REQUEST = DatabaseRequest("names")


class RequirerCharm(ops.CharmBase):
    """Asks for a database."""

    request: ClassVar[DatabaseRequest] = REQUEST

    def __init__(self, framework: ops.Framework) -> None:
        super().__init__(framework)
        self.database = DatabaseRequirer(self, ENDPOINT, self.request)


@dataclass(frozen=True)
class Outcome:
    """What the charm author, and what Juju, sees after an event."""

    answer: Answer
    events: list[str]
    """The events of the library, in order."""
    snapshots: str
    """What Juju would write to disk, were the events deferred."""
    log: list[JujuLogLine]
    state: State

    def logged(self, level: str) -> list[str]:
        """Return what is logged at a level."""
        return [line.message for line in self.log if line.level == level]

    @property
    def everything(self) -> str:
        """All text that may be shown or stored."""
        log = [line.message for line in self.log]
        return repr((self.answer, self.snapshots, log, self.events))


def context(request: DatabaseRequest = REQUEST) -> Context[RequirerCharm]:
    """Return the charm, asking for something."""
    charm_type = type("RequirerCharm", (RequirerCharm,), {"request": request})
    meta = {"name": "application", "requires": {ENDPOINT: {"interface": INTERFACE, "limit": 1}}}
    return Context(charm_type, meta=meta, juju_version="3.6.2")


def dispatch(ctx: Context[RequirerCharm], event: _Event, state: State) -> Outcome:
    """Run the charm for one event."""
    ctx.emitted_events.clear()
    ctx.juju_log.clear()
    with ctx(event, state) as manager:
        after = manager.run()
        answer = manager.charm.database.answer
    ours = [each for each in ctx.emitted_events if isinstance(each, DatabaseEvent)]
    return Outcome(
        answer,
        [each.handle.kind for each in ours],
        json.dumps([each.snapshot() for each in ours]),
        list(ctx.juju_log),
        after,
    )


def related(
    databag: Mapping[str, str] | None = None,
    *,
    written: Mapping[str, str] | None = None,
    state: str | None = None,
) -> Relation:
    """Return the relation, with what the provider and our leader wrote."""
    return Relation(
        ENDPOINT,
        interface=INTERFACE,
        remote_app_name="postgresql-k8s",
        remote_app_data=dict(databag or {}),
        local_app_data=dict(written or {}),
        remote_units_data={0: {"state": state} if state else {}},
    )


def unit(*relations: Relation, secrets: Iterable[Secret] = (), leader: bool = True) -> State:
    """Return the unit."""
    return State(leader=leader, relations=frozenset(relations), secrets=frozenset(secrets))
