"""What goes over one relation, there and back."""

from collections.abc import Mapping
from pathlib import Path

import ops

from alert_rules import AlertRules, Objection, Topology, load_or_none

from ._bags import ProviderApplicationBag, ProviderUnitBag, RequirerApplicationBag


def write_application(relation: ops.Relation, charm: ops.CharmBase, rule_files: Path) -> None:
    """Write when to alert, if that differs. The leader may do that alone."""
    topology = Topology.from_charm(charm)
    rules = AlertRules.load(rule_files).bound_to(topology)
    relation.save(RequirerApplicationBag(alert_rules=rules, metadata=topology), charm.app)


def read_url(relation: ops.Relation, unit: ops.Unit, *, log: bool = False) -> str | None:
    """Return where a unit takes log lines, None before it says so. With ``log``, say what is wrong."""
    bag = load_or_none(relation, unit, ProviderUnitBag, log=log)
    return None if bag is None or bag.endpoint is None else bag.endpoint.url


def objections(relation: ops.Relation, *, log: bool = False) -> tuple[Objection, ...]:
    """Return what the peer says is wrong. With ``log``, say so if that is malformed itself."""
    bag = load_or_none(relation, relation.app, ProviderApplicationBag, log=log)
    if bag is None or bag.event is None or not bag.event.errors:
        return ()
    return (Objection(relation.app.name, bag.event.errors),)


def labels(charm: ops.CharmBase) -> Mapping[str, str]:
    """Return the labels of a unit's log lines, as dashboards look for them.

    Pebble expands ``$NAME`` in a label to a variable of the service, and has no escape for it.
    No name in a topology has a dollar sign.
    """
    topology = Topology.from_charm(charm)
    return {
        "product": "Juju",
        "job": f"juju_{topology.identifier}",
        "charm": topology.charm,
        "juju_charm": topology.charm,
        "juju_model": topology.model,
        "juju_model_uuid": topology.model_uuid,
        "juju_application": topology.application,
        "juju_unit": topology.unit,
    }
