"""The requirer's side of a relation."""

import logging

import ops

from databag import Answer, NotReady, Reading, RelationEndpoint, parse

from ._models import Connected, ProviderStatus, Reported
from ._request import DatabaseRequest

logger = logging.getLogger(__name__)

_MAX_LOGGED = 500  # characters of a provider's statuses in one log line


class DatabaseRequirer(RelationEndpoint[Connected]):
    """Requests a database over a ``postgresql_client`` endpoint, and has the provider's answer.

    It stores nothing: every event reads the same answer and writes the request if it is missing.
    Create it in the charm's ``__init__``, once for each endpoint, which needs ``limit: 1``.
    """

    def __init__(self, charm: ops.CharmBase, endpoint: str, request: DatabaseRequest) -> None:
        """Observe ``endpoint`` of ``charm``, and write ``request`` to each relation."""
        super().__init__(charm, endpoint, Connected, application=request.to_databag)
        self.framework.observe(charm.on[endpoint].relation_changed, self._on_relation_changed)
        self.framework.observe(charm.on.update_status, self._on_update_status)

    @property
    def answer(self) -> Answer[Connected]:
        """The provider's answer, with the latest content of its secrets."""
        match super().answer:
            case Connected(subordinated=True) if not self._is_a_unit_ready():
                return NotReady(missing=("state",))
            case answer:
                return answer

    @property
    def statuses(self) -> tuple[ProviderStatus, ...]:
        """The conditions that the provider raises, with any answer."""
        if (relation := self.relation) is None:
            return ()
        return _status(parse(Reported, relation.data[relation.app]))

    def _is_a_unit_ready(self) -> bool:
        relation = self.relation
        return relation is not None and any(
            relation.data[unit].get("state") == "ready" for unit in relation.units
        )

    def _on_update_status(self, _: ops.UpdateStatusEvent) -> None:
        """Write the request while there is no answer. An answer proves that the provider read it."""
        if isinstance(self.answer, NotReady):
            self.update()

    def _on_relation_changed(self, event: ops.RelationChangedEvent) -> None:
        """Log the conditions that need no action, and what is malformed."""
        reading = parse(Reported, event.relation.data[event.app])
        reading.log_ignored(event.app.name)
        infos = [each for each in _status(reading) if each.severity == "informational"]
        if infos:
            said = "; ".join(f"{info.message} ({info.code})" for info in infos)
            logger.info("the provider says: %s", said[:_MAX_LOGGED])


def _status(reading: Reading[Reported]) -> tuple[ProviderStatus, ...]:
    return reading.answer.status if isinstance(reading.answer, Reported) else ()
