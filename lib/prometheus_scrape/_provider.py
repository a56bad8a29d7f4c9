"""The provider's side: writes what Prometheus scrapes, and reads what it thinks of that.

The databags and their models are imported where an event concerns a relation: most events do not.
"""

import pathlib
import socket
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import ops

from ._jobs import ScrapeJob

if TYPE_CHECKING:
    from alert_rules import Objection


def _fully_qualified_name() -> str:
    return socket.getfqdn()


class MetricsProvider(ops.Object):
    """Tells every Prometheus at an endpoint what to scrape, and when to alert.

    It stores nothing: in each event after which a value may differ, it writes what differs. Create
    it in the charm's ``__init__``, after the charm has observed its own events: then ``jobs`` is
    asked when the charm has already acted on the event.
    """

    def __init__(
        self,
        charm: ops.CharmBase,
        endpoint: str,
        jobs: Callable[[], Sequence[ScrapeJob] | None],
        *,
        alert_rules: pathlib.Path | None = None,
        unit_address: Callable[[], str] = _fully_qualified_name,
    ) -> None:
        """Observe ``endpoint`` of ``charm``.

        Args:
            charm: The charm whose units are scraped.
            endpoint: The name of the endpoint in the charm's metadata.
            jobs: Returns what is to be scraped, or None where that cannot be told now: what was
                written stays. It is asked on the leader only, and only when it is due.
            alert_rules: The directory of the rule files, see :meth:`alert_rules.AlertRules.load`.
            unit_address: Returns the unit's host name or IPv4 address. The default, the pod's name
                in the cluster, outlives the pod.
        """
        super().__init__(charm, endpoint)
        self._charm = charm
        self._endpoint = endpoint
        self._jobs = jobs
        self._alert_rules = alert_rules
        self._unit_address = unit_address
        on_relation = charm.on[endpoint]
        for event in (
            on_relation.relation_created,
            on_relation.relation_joined,
            on_relation.relation_changed,
            charm.on.leader_elected,
            charm.on.config_changed,
            charm.on.upgrade_charm,
            charm.on.start,
        ):
            self.framework.observe(event, self._on_update_due)
        self.framework.observe(on_relation.relation_changed, self._on_peer_wrote)

    @property
    def objections(self) -> "tuple[Objection, ...]":
        """What the related applications say is wrong with jobs and rules, read when asked for."""
        from ._exchange import objections  # noqa: PLC0415 - see above

        return tuple(each for relation in self._relations for each in objections(relation))

    def update(self) -> None:
        """Write what differs. For a charm that changes what it serves in events of its own."""
        for relation in self._relations:
            from ._exchange import write_application, write_unit  # noqa: PLC0415 - see above

            write_unit(relation, self._charm.unit, self._unit_address())
            if self._charm.unit.is_leader():
                write_application(relation, self._charm, self._jobs, self._alert_rules)

    @property
    def _relations(self) -> Sequence[ops.Relation]:
        """The relations in force: ops leaves out one that is going."""
        return self.model.relations[self._endpoint]

    def _on_update_due(self, _: ops.EventBase) -> None:
        self.update()

    def _on_peer_wrote(self, event: ops.RelationChangedEvent) -> None:
        """Log what is malformed, once in an event."""
        from ._exchange import objections  # noqa: PLC0415 - see above

        objections(event.relation, log=True)
