"""The requirer's side of a relation: writes the request, reads the answer, tells the charm."""

import logging
from collections.abc import Mapping
from functools import cached_property
from typing import ClassVar

import ops

from ._answer import SECRET_KEYS, Answer, Connected, Ignored, NotRelated, parse_answer
from ._request import DatabaseRequest

logger = logging.getLogger(__name__)

_MAX_LOGGED = 500  # characters of a provider's statuses in one log line


class DatabaseEvent(ops.RelationEvent):
    """Something about the database may have changed.

    Events come at least once and carry no data: read :attr:`DatabaseRequirer.answer`.
    """


class DatabaseChangedEvent(DatabaseEvent):
    """The provider wrote, or a secret of its has a new revision, and its answer is complete."""


class DatabaseRemovedEvent(DatabaseEvent):
    """The relation goes: its credentials are dead, even while they can still be read."""


class DatabaseRequirerEvents(ops.ObjectEvents):
    """The events of a :class:`DatabaseRequirer`."""

    database_changed: ClassVar[ops.EventSource] = ops.EventSource(DatabaseChangedEvent)
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
        self._endpoint = endpoint
        self._request = request
        for event in (
            charm.on[endpoint].relation_created,
            charm.on.leader_elected,
            charm.on.config_changed,
            charm.on.upgrade_charm,
        ):
            self.framework.observe(event, self._on_request_due)
        self.framework.observe(charm.on.update_status, self._on_update_status)
        self.framework.observe(charm.on[endpoint].relation_changed, self._on_relation_changed)
        self.framework.observe(charm.on.secret_changed, self._on_secret_changed)
        self.framework.observe(charm.on[endpoint].relation_broken, self._on_relation_broken)

    @property
    def answer(self) -> Answer:
        """What the provider has answered, read once in a dispatch, secrets in their latest revision."""
        return self._reading[0]

    @property
    def relation_id(self) -> int | None:
        """The number of the relation that the answer is from; None without a relation."""
        return None if self._relation is None else self._relation.id

    @cached_property
    def _reading(self) -> tuple[Answer, tuple[Ignored, ...]]:
        if (relation := self._relation) is None:
            return NotRelated(), ()
        return parse_answer(
            relation.data[relation.app],
            self._read_secret,
            lambda: any(relation.data[unit].get("state") == "ready" for unit in relation.units),
        )

    @property
    def _relation(self) -> ops.Relation | None:
        """The relation in force: the new one, while an old one is still going."""
        relations = self.model.relations[self._endpoint]  # without the one that breaks
        return max(relations, key=lambda relation: relation.id, default=None)

    def _read_secret(self, uri: str) -> Mapping[str, str] | None:
        try:
            # A revision missed for good would be a dead password: take the latest on every event.
            return self.model.get_secret(id=uri).get_content(refresh=True)
        except ops.ModelError:  # not granted yet, or not there (any more)
            return None

    def _on_request_due(self, _: ops.EventBase) -> None:
        """Write the request where it is missing or different, if this unit is the one to do it."""
        if (relation := self._relation) is not None and self.model.unit.is_leader():
            relation.save(self._request.to_databag(), self.model.app, encoder=str)

    def _on_update_status(self, event: ops.UpdateStatusEvent) -> None:
        if not isinstance(self.answer, Connected):  # an answer proves that the request was read
            self._on_request_due(event)

    def _on_relation_changed(self, event: ops.RelationChangedEvent) -> None:
        self._on_request_due(event)
        self._tell(event.relation)

    def _on_secret_changed(self, event: ops.SecretChangedEvent) -> None:
        if (relation := self._relation) is not None and _names(relation, event.secret):
            self._tell(relation)

    def _on_relation_broken(self, event: ops.RelationBrokenEvent) -> None:
        self.on.database_removed.emit(event.relation, app=event.app)

    def _tell(self, relation: ops.Relation) -> None:
        """Log what the provider has just written, and tell the charm once it is complete."""
        answer, ignored = self._reading
        for field in ignored:
            logger.warning("ignoring %s from the provider: it %s", field.field, field.reason)
        statuses = () if isinstance(answer, NotRelated) else answer.statuses
        infos = [each for each in statuses if each.severity == "informational"]
        if infos:
            said = "; ".join(f"{info.message} ({info.code})" for info in infos)
            logger.info("the provider says: %s", said[:_MAX_LOGGED])
        if isinstance(answer, Connected):
            self.on.database_changed.emit(relation, app=relation.app)


def _names(relation: ops.Relation, secret: ops.Secret) -> bool:
    """Whether the provider's databag names a secret.

    The URI in the databag may have the model in it, the event's has not: compare the ends.
    """
    uris = [relation.data[relation.app].get(key, "") for key in SECRET_KEYS]
    return secret.unique_identifier in {uri.split(":")[-1].split("/")[-1] for uri in uris}
