"""One endpoint of a charm: the answers at it, and what the charm writes to it."""

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import ClassVar, Generic

import ops

from ._answer import Answer, Invalid, NotReady, NotRelated
from ._model import FROM_SECRET, WireModel
from ._parse import M, Reading, parse
from ._write import to_databag


class AnswerChangedEvent(ops.EventBase):
    """The answer may have changed. The event has no data: read :attr:`RelationEndpoint.answer`."""


class EndpointEvents(ops.ObjectEvents):
    """The events of a :class:`RelationEndpoint`."""

    changed: ClassVar[ops.EventSource] = ops.EventSource(AnswerChangedEvent)


class RelationEndpoint(ops.Object, Generic[M]):
    """Reads what remote applications write to an endpoint, and writes what the charm says.

    It stores nothing: every event reads the same answer and writes what is missing in the databags.
    Create it in the charm's ``__init__``.
    """

    on: ClassVar[EndpointEvents] = EndpointEvents()

    def __init__(  # noqa: PLR0913 - the rest is optional, and given by name
        self,
        charm: ops.CharmBase,
        endpoint: str,
        reads: type[M],
        *,
        application: Callable[[], WireModel | None] | None = None,
        unit: Callable[[], WireModel | None] | None = None,
        also_in: Iterable[ops.BoundEvent] = (),
    ) -> None:
        """Observe ``endpoint`` of ``charm``.

        Args:
            charm: The charm that has the endpoint.
            endpoint: The name of the endpoint in the charm's metadata.
            reads: The model of a remote application's databag.
            application: Returns what the leader writes for the application; None leaves the
                databag as it is. It is called only while there is a relation.
            unit: Returns what each unit writes, likewise.
            also_in: More events in which to write what may differ by then.
        """
        super().__init__(charm, endpoint)
        self._endpoint = endpoint
        self._reads = reads
        self._application = application
        self._unit = unit
        relation = charm.on[endpoint]
        for event in (
            relation.relation_created,
            relation.relation_joined,
            relation.relation_changed,
            relation.relation_departed,
            relation.relation_broken,
        ):
            self.framework.observe(event, self._on_relation_event)
        for event in (
            charm.on.config_changed,
            charm.on.leader_elected,  # the previous leader may not have written everything
            charm.on.start,
            charm.on.upgrade_charm,
            *also_in,
        ):
            self.framework.observe(event, self._on_lifecycle_event)
        if any(FROM_SECRET in field.metadata for field in reads.model_fields.values()):
            self.framework.observe(charm.on.secret_changed, self._on_secret_changed)

    @property
    def answer(self) -> Answer[M]:
        """The answer of the newest relation: Juju may still be removing an older one."""
        return NotRelated() if self.relation is None else self.answers[self.relation]

    @property
    def answers(self) -> Mapping[ops.Relation, NotReady | Invalid | M]:
        """The answers by relation, each read once per event, with its secrets' latest content."""
        return {relation: reading.answer for relation, reading in self._readings.items()}

    @property
    def relation(self) -> ops.Relation | None:
        """The newest relation; None if there is no relation."""
        return max(self._relations, key=lambda relation: relation.id, default=None)

    @property
    def _relations(self) -> list[ops.Relation]:
        return self.model.relations[self._endpoint]  # ops leaves out one that is being removed

    def update(self) -> None:
        """Write what differs. Call it where the values change in another event of the charm."""
        is_leader = bool(self._relations) and self.model.unit.is_leader()
        for relation in self._relations:
            if self._unit is not None and (of_unit := self._unit()) is not None:
                relation.data[self.model.unit].update(to_databag(of_unit))
            if not is_leader or self._application is None:
                continue
            if (of_application := self._application()) is not None:
                relation.data[self.model.app].update(to_databag(of_application))

    @cached_property
    def _readings(self) -> Mapping[ops.Relation, Reading[M]]:
        return {
            relation: parse(self._reads, relation.data[relation.app], self._read_secret)
            for relation in self._relations
        }

    def _read_secret(self, uri: str) -> Mapping[str, str] | None:
        try:
            # Always refresh: otherwise the unit could keep an old password.
            return self.model.get_secret(id=uri).get_content(refresh=True)
        except ops.ModelError:  # not granted yet, or removed
            return None

    def _on_lifecycle_event(self, _: ops.EventBase) -> None:
        self.update()

    def _on_relation_event(self, event: ops.RelationEvent) -> None:
        self.update()
        if isinstance(event, ops.RelationChangedEvent) and event.relation in self._readings:
            self._readings[event.relation].log_ignored(event.relation.app.name)
        self.on.changed.emit()

    def _on_secret_changed(self, _: ops.SecretChangedEvent) -> None:
        self.on.changed.emit()
