"""A unit of a charm with nothing but one endpoint."""

from collections.abc import Callable, Mapping
from typing import Generic, TypeVar

import ops
from ops.testing import Context, Relation, RelationBase, State
from scenario.state import _Event

from databag import AnswerChangedEvent

E = TypeVar("E", bound=ops.Object)
_JUJUS_OWN = {"egress-subnets", "ingress-address", "private-address"}


def only(state: State) -> Relation:
    (relation,) = state.relations
    assert isinstance(relation, Relation)
    return relation


class OneEndpoint(Generic[E]):
    """The unit, and what its last event did."""

    endpoint: E
    state: State

    def __init__(
        self, make: Callable[[ops.CharmBase], E], meta: dict[str, object], app_name: str = "my-app"
    ) -> None:
        unit = self

        class EndpointCharm(ops.CharmBase):
            def __init__(self, framework: ops.Framework) -> None:
                super().__init__(framework)
                unit.endpoint = make(self)

        self.ctx = Context(EndpointCharm, meta=meta, app_name=app_name, juju_version="3.6.4")
        self.on = self.ctx.on

    def dispatch(self, event: _Event, state: State) -> E:
        """Run an event, and return the endpoint as it is then."""
        self.ctx.emitted_events.clear()
        self.ctx.juju_log.clear()
        self.state = self.ctx.run(event, state)
        return self.endpoint

    @property
    def changes(self) -> int:
        """How often the charm heard that the answer may be another."""
        events = [each for each in self.ctx.emitted_events if isinstance(each, AnswerChangedEvent)]
        assert all(each.snapshot() == {} for each in events), "a deferred event is on disk"
        return len(events)

    def logged(self, level: str) -> list[str]:
        """Return what was logged at a level."""
        return [line.message for line in self.ctx.juju_log if line.level == level]

    def written(self, relation: RelationBase) -> tuple[dict[str, str], dict[str, str]]:
        """Return what is in the databags of the application and of the unit."""
        after = self.state.get_relation(relation.id)
        of_unit: Mapping[str, str] = after.local_unit_data
        own = {key: text for key, text in of_unit.items() if key not in _JUJUS_OWN}
        return after.local_app_data, own
