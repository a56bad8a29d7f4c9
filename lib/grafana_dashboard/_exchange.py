"""What goes over one relation, there and back."""

from pathlib import Path

import ops

from alert_rules import Objection, Topology, load_or_none

from ._bags import ConsumerApplicationBag, Dashboards, ProviderApplicationBag, Template
from ._dashboard import Dashboard


def write_application(relation: ops.Relation, charm: ops.CharmBase, directory: Path) -> None:
    """Write the dashboards of a directory, if they differ. The leader may do that alone."""
    topology = Topology.from_charm(charm)
    templates = {
        f"file:{dashboard.name}": Template(
            charm=topology.charm, content=dashboard.content, juju_topology=topology
        )
        for dashboard in Dashboard.load_all(directory)
    }
    bag = ProviderApplicationBag(dashboards=Dashboards(templates=templates))
    relation.save(bag, charm.app)


def objections(relation: ops.Relation, *, log: bool = False) -> tuple[Objection, ...]:
    """Return what the peer says is wrong. With ``log``, say so if that is malformed itself."""
    bag = load_or_none(relation, relation.app, ConsumerApplicationBag, log=log)
    if bag is None or bag.event is None:
        return ()
    return tuple(
        Objection(relation.app.name, f"{fault.dashboard_id}: {fault.error}")
        for fault in bag.event.errors
    )
