"""The provider's side: writes the dashboards, and reads what Grafana thinks of them.

The databags and their models are imported where an event concerns a relation: most events do not.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import ops

if TYPE_CHECKING:
    from alert_rules import Objection


class DashboardProvider(ops.Object):
    """Gives every Grafana at an endpoint the charm's dashboards.

    It stores nothing: in each event after which the dashboards may differ, the leader writes what
    differs. Create it in the charm's ``__init__``.
    """

    def __init__(self, charm: ops.CharmBase, endpoint: str, dashboards: Path) -> None:
        """Observe ``endpoint`` of ``charm``.

        Args:
            charm: The charm that the dashboards are about.
            endpoint: The name of the endpoint in the charm's metadata.
            dashboards: The directory of the dashboards, as
                :meth:`grafana_dashboard.testing.Dashboard.load_all` reads it.
        """
        super().__init__(charm, endpoint)
        self._charm = charm
        self._endpoint = endpoint
        self._dashboards = dashboards
        on_relation = charm.on[endpoint]
        for event in (
            on_relation.relation_created,
            on_relation.relation_joined,
            on_relation.relation_changed,
            charm.on.leader_elected,
            charm.on.upgrade_charm,
        ):
            self.framework.observe(event, self._on_update_due)
        self.framework.observe(on_relation.relation_changed, self._on_peer_wrote)

    @property
    def objections(self) -> "tuple[Objection, ...]":
        """What the related applications say is wrong with the dashboards, read when asked for."""
        from ._exchange import objections  # noqa: PLC0415 - see above

        return tuple(each for relation in self._relations for each in objections(relation))

    @property
    def _relations(self) -> Sequence[ops.Relation]:
        """The relations in force: ops leaves out one that is going."""
        return self.model.relations[self._endpoint]

    def _on_update_due(self, _: ops.EventBase) -> None:
        if not self._charm.unit.is_leader():
            return
        for relation in self._relations:
            from ._exchange import write_application  # noqa: PLC0415 - see above

            write_application(relation, self._charm, self._dashboards)

    def _on_peer_wrote(self, event: ops.RelationChangedEvent) -> None:
        """Log what is malformed, once in an event."""
        from ._exchange import objections  # noqa: PLC0415 - see above

        objections(event.relation, log=True)
