"""What an event asks of Juju and of Pebble, counted."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import TypeVar
from unittest.mock import Mock, patch

import ops
import scenario.mocking
from ops.testing import Context, Relation, Secret, State
from scenario.state import _Event

_Charm = TypeVar("_Charm", bound=ops.CharmBase)

_TOOLS = ("relation_ids", "relation_list", "relation_get", "relation_set", "network_get")
_REQUESTS = ("get_plan", "add_layer", "replan_services")


class Calls:
    """The calls of hook tools for relations, and the requests to Pebble."""

    def __init__(self, spies: dict[str, Mock]) -> None:
        self._spies = spies

    def of(self, name: str) -> int:
        """Return how often a hook tool was called, or a request made."""
        return self._spies[name].call_count

    @property
    def total(self) -> int:
        """How many calls and requests there were."""
        return sum(spy.call_count for spy in self._spies.values())


@contextmanager
def counted() -> Iterator[Calls]:
    """Count the calls while the context lasts."""
    sides = {
        scenario.mocking._MockModelBackend: _TOOLS,
        scenario.mocking._MockPebbleClient: _REQUESTS,
    }
    with ExitStack() as stack:
        yield Calls(
            {
                name: stack.enter_context(
                    patch.object(side, name, autospec=True, side_effect=getattr(side, name))
                )
                for side, names in sides.items()
                for name in names
            }
        )


ORDINARY_EVENTS = (
    "update_status",
    "stop",
    "secret_changed",
    "pebble_ready",
    "database_changed",
    "database_broken",
)


def calls_of_an_ordinary_event(ctx: Context[_Charm], name: str, state: State) -> int:
    """Return how many calls a unit with a database, a secret and a container ``server`` makes.

    ops itself makes some of them: compare with those of a charm that does nothing.
    """
    database, secret = Relation("database"), Secret({"key": "value"})
    state = replace(state, relations=state.relations | {database}, secrets=frozenset({secret}))
    events: dict[str, _Event] = {
        "update_status": ctx.on.update_status(),
        "stop": ctx.on.stop(),
        "secret_changed": ctx.on.secret_changed(secret),
        "pebble_ready": ctx.on.pebble_ready(state.get_container("server")),
        "database_changed": ctx.on.relation_changed(database),
        "database_broken": ctx.on.relation_broken(database),
    }
    with counted() as calls:
        ctx.run(events[name], state)
    return calls.total
