"""The provider's side: writes the dashboards, and reads what Grafana thinks of them."""

from collections.abc import Iterator
from pathlib import Path

import ops

from alert_rules import Objection, Topology, load_or_none

from ._bags import ConsumerApplicationBag, Dashboards, ProviderApplicationBag, Template
from ._dashboard import Dashboard


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
            dashboards: The directory of the dashboards, see :meth:`Dashboard.load_all`.
        """
        super().__init__(charm, endpoint)
        self._charm = charm
        self._endpoint = endpoint
        self._dashboards = dashboards
        on_relation = charm.on[endpoint]
        for event in (
            on_relation.relation_created,
            on_relation.relation_joined,
            charm.on.leader_elected,
            charm.on.upgrade_charm,
        ):
            self.framework.observe(event, self._on_write_due)
        self.framework.observe(on_relation.relation_changed, self._on_relation_changed)

    @property
    def objections(self) -> tuple[Objection, ...]:
        """What the related applications say is wrong with the dashboards, read when asked for."""
        return tuple(
            objection for relation in self._relations for objection in _objections(relation)
        )

    @property
    def _relations(self) -> Iterator[ops.Relation]:
        return (each for each in self.model.relations[self._endpoint] if each.active)

    def _write(self) -> None:
        if not self._charm.unit.is_leader():
            return
        for relation in self._relations:
            relation.save(self._application_bag(), self._charm.app)

    def _application_bag(self) -> ProviderApplicationBag:
        topology = Topology.from_charm(self._charm)
        return ProviderApplicationBag(
            dashboards=Dashboards(
                templates={
                    f"file:{dashboard.name}": Template(
                        charm=topology.charm, content=dashboard.content, juju_topology=topology
                    )
                    for dashboard in Dashboard.load_all(self._dashboards)
                }
            )
        )

    def _on_write_due(self, _: ops.EventBase) -> None:
        self._write()

    def _on_relation_changed(self, event: ops.RelationChangedEvent) -> None:
        self._write()
        load_or_none(event.relation, event.app, ConsumerApplicationBag, log=True)


def _objections(relation: ops.Relation) -> Iterator[Objection]:
    bag = load_or_none(relation, relation.app, ConsumerApplicationBag)
    if bag is None or bag.event is None:
        return
    for fault in bag.event.errors:
        yield Objection(relation.app.name, f"{fault.dashboard_id}: {fault.error}")
