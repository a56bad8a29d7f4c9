"""The requirer's side of a relation: writes the request, reads the answer, tells the charm."""

import logging
from collections.abc import Mapping
from functools import cached_property
from typing import ClassVar

import ops

from ._answer import (
    Answer,
    Connected,
    EntityAnswer,
    Ignored,
    NotRelated,
    parse_answer,
    parse_entity,
)
from ._request import DatabaseRequest
from ._values import Entity, Severity
from ._wire import ProviderData

logger = logging.getLogger(__name__)


class DatabaseEvent(ops.RelationEvent):
    """Something about the database may have changed.

    Events come at least once and carry no data: read :attr:`DatabaseRequirer.answer`.
    """


class DatabaseCreatedEvent(DatabaseEvent):
    """The provider wrote, and its answer is complete."""


class EndpointsChangedEvent(DatabaseEvent):
    """The provider wrote, and its answer is complete: the endpoints may be others than before."""


class AuthenticationUpdatedEvent(DatabaseEvent):
    """A secret of the relation has a new revision: the credentials or the TLS data may differ."""


class DatabaseRemovedEvent(DatabaseEvent):
    """The relation goes: its credentials are dead, even while they can still be read."""


class DatabaseRequirerEvents(ops.ObjectEvents):
    """The events of a :class:`DatabaseRequirer`."""

    database_created: ClassVar[ops.EventSource] = ops.EventSource(DatabaseCreatedEvent)
    endpoints_changed: ClassVar[ops.EventSource] = ops.EventSource(EndpointsChangedEvent)
    authentication_updated: ClassVar[ops.EventSource] = ops.EventSource(AuthenticationUpdatedEvent)
    database_removed: ClassVar[ops.EventSource] = ops.EventSource(DatabaseRemovedEvent)


class DatabaseRequirer(ops.Object):
    """Asks for a database over a ``postgresql_client`` endpoint, and gives the answer as a value.

    It stores nothing: whatever event comes next, it reads the same answer and repairs the same
    request. Create it in the charm's ``__init__``, once for an endpoint with ``limit: 1``.
    """

    on: ClassVar[DatabaseRequirerEvents] = DatabaseRequirerEvents()

    def __init__(self, charm: ops.CharmBase, endpoint: str, request: DatabaseRequest) -> None:
        """Observe ``endpoint`` of ``charm``, and ask for ``request`` whenever it is related."""
        super().__init__(charm, endpoint)
        self._unit = charm.unit
        self._app = charm.app
        self._endpoint = endpoint
        self._request = request
        relation_events = charm.on[endpoint]
        for event in (
            relation_events.relation_created,
            charm.on.leader_elected,
            charm.on.config_changed,
            charm.on.upgrade_charm,
        ):
            self.framework.observe(event, self._on_request_due)
        self.framework.observe(charm.on.update_status, self._on_update_status)
        self.framework.observe(relation_events.relation_changed, self._on_relation_changed)
        self.framework.observe(charm.on.secret_changed, self._on_secret_changed)
        self.framework.observe(relation_events.relation_broken, self._on_relation_broken)

    @cached_property
    def answer(self) -> Answer:
        """What the provider has answered, read once in a dispatch, secrets in their latest revision."""
        return self._reading[0]

    @cached_property
    def entity(self) -> EntityAnswer:
        """The answer to :attr:`DatabaseRequest.entity`: the role that the provider made."""
        if (relation := self._relation) is None:
            return NotRelated()
        return parse_entity(self._provider_data(relation), self._read_secret)

    @cached_property
    def _reading(self) -> tuple[Answer, tuple[Ignored, ...]]:
        if (relation := self._relation) is None:
            return NotRelated(), ()
        return parse_answer(
            self._provider_data(relation),
            self._read_secret,
            lambda: any(relation.data[unit].get("state") == "ready" for unit in relation.units),
        )

    @property
    def _relation(self) -> ops.Relation | None:
        """The relation in force. A new one may be there while an old one is still going."""
        relations = [r for r in self.model.relations[self._endpoint] if r.active]
        return max(relations, key=lambda relation: relation.id, default=None)

    def _provider_data(self, relation: ops.Relation) -> ProviderData:
        return ProviderData.read(relation.data[relation.app])

    def _read_secret(self, uri: str) -> Mapping[str, str] | None:
        # Model.get_secret would read the revision that the unit tracks, and take a second hook tool
        # call for the latest: this asks once. A revision missed for good would be a dead password.
        secret = ops.Secret(self.model._backend, id=uri)
        try:
            return secret.get_content(refresh=True)
        except ops.ModelError:  # not granted yet, or not there (any more)
            return None

    def _write_request(self) -> None:
        """Write the request where it is missing or different, if this unit is the one to do it."""
        relation = self._relation
        if relation is None or not self._unit.is_leader():
            return
        relation.data[self._app].update(self._request.to_wire().to_databag())

    def _on_request_due(self, _: ops.EventBase) -> None:
        self._write_request()

    def _on_update_status(self, _: ops.UpdateStatusEvent) -> None:
        if not isinstance(self.answer, Connected):  # an answer proves that the request was read
            self._write_request()

    def _on_relation_changed(self, event: ops.RelationChangedEvent) -> None:
        self._write_request()
        self._log_reading()
        if self._is_answered():
            self.on.database_created.emit(event.relation, app=event.app)
            self.on.endpoints_changed.emit(event.relation, app=event.app)

    def _on_secret_changed(self, event: ops.SecretChangedEvent) -> None:
        relation = self._relation
        if relation is None or not self._is_ours(event.secret, relation):
            return
        self._log_reading()
        if self._is_answered():
            self.on.authentication_updated.emit(relation, app=relation.app)

    def _on_relation_broken(self, event: ops.RelationBrokenEvent) -> None:
        self.on.database_removed.emit(event.relation, app=event.app)

    def _is_ours(self, secret: ops.Secret, relation: ops.Relation) -> bool:
        data = self._provider_data(relation)
        uris = (data.secret_user, data.secret_tls, data.secret_entity)
        # The URI in the databag may have the model in it, the event's has not: compare the ends.
        return secret.unique_identifier in {
            uri.split(":")[-1].split("/")[-1] for uri in uris if uri
        }

    def _is_answered(self) -> bool:
        """Whether the role that was asked for is there: the plain user, or the one in its place."""
        if self._request.entity is None:
            return isinstance(self.answer, Connected)
        return isinstance(self.entity, Entity)

    def _log_reading(self) -> None:
        """Log what the answer does not show, where the provider has just written it."""
        answer, ignored = self._reading
        for field in ignored:
            logger.warning("ignoring %s from the provider: it %s", field.field, field.reason)
        if not isinstance(answer, NotRelated):
            for status in answer.statuses:
                if status.severity is Severity.INFORMATIONAL:
                    logger.info("the provider says (%d): %s", status.code, status.message)
