"""The requirer's side: Pebble forwards a service's log to Loki, which gets alert rules for it."""

import http.client
import logging
from collections.abc import Iterator
from pathlib import Path

import ops
from ops import pebble

from alert_rules import AlertRules, Objection, Topology, load_or_none

from . import _targets
from ._bags import ProviderApplicationBag, ProviderUnitBag, RequirerApplicationBag

logger = logging.getLogger(__name__)


class LogForwarder(ops.Object):
    """Makes Pebble forward what a service writes to every Loki at an endpoint.

    It stores nothing: in each event after which the targets may differ, it compares Pebble's plan
    with the relations, and adds a layer of its own where they differ. No service is restarted for
    that. Create it in the charm's ``__init__``, after the charm has observed its own events: the
    service has to be in Pebble's plan before its log can be forwarded.
    """

    def __init__(
        self,
        charm: ops.CharmBase,
        endpoint: str,
        *,
        container: str,
        service: str,
        alert_rules: Path | None = None,
    ) -> None:
        """Observe ``endpoint`` of ``charm``.

        Args:
            charm: The charm whose service it is.
            endpoint: The name of the endpoint in the charm's metadata.
            container: The name of the container that the service runs in.
            service: The name of the service in Pebble's plan.
            alert_rules: The directory of the rule files, see :meth:`alert_rules.AlertRules.load`.
        """
        super().__init__(charm, endpoint)
        self._charm = charm
        self._endpoint = endpoint
        self._container = charm.unit.get_container(container)
        self._service = service
        self._layer = f"{charm.meta.name}_{endpoint}".replace("-", "_")
        self._alert_rules = alert_rules
        on_relation = charm.on[endpoint]
        for event in (
            on_relation.relation_created,
            on_relation.relation_joined,
            on_relation.relation_departed,
            on_relation.relation_broken,
            charm.on[container].pebble_ready,
            charm.on.leader_elected,
            charm.on.config_changed,
            charm.on.upgrade_charm,
            charm.on.start,
        ):
            self.framework.observe(event, self._on_update_due)
        self.framework.observe(on_relation.relation_changed, self._on_relation_changed)

    @property
    def objections(self) -> tuple[Objection, ...]:
        """What the related applications say is wrong with the rules, read when asked for."""
        return tuple(
            objection for relation in self._relations for objection in _objections(relation)
        )

    def update(self) -> None:
        """Forward and write what differs. For a charm that adds its service in other events."""
        self._write()
        self._forward()

    @property
    def _relations(self) -> Iterator[ops.Relation]:
        return (each for each in self.model.relations[self._endpoint] if each.active)

    def _write(self) -> None:
        if self._alert_rules is None or not self._charm.unit.is_leader():
            return
        for relation in self._relations:
            topology = Topology.from_charm(self._charm)
            rules = AlertRules.load(self._alert_rules).bound_to(topology)
            bag = RequirerApplicationBag(alert_rules=rules, metadata=topology)
            relation.save(bag, self._charm.app)

    def _forward(self) -> None:
        """Make the plan's targets those of the relations. What Pebble cannot do now, a later event does."""
        urls = self._urls()
        try:
            plan = self._container.get_plan()
            if self._service not in plan.services:
                return
            topology = Topology.from_charm(self._charm)
            targets = _targets.wanted(self._layer, self._service, urls, topology)
            if changes := _targets.changes(self._layer, targets, plan):
                logger.info("forwarding the log of %s to %d Loki", self._service, len(targets))
                layer = pebble.Layer({"log-targets": dict(changes)})
                self._container.add_layer(self._layer, layer, combine=True)
        except pebble.APIError as error:
            logger.warning("Pebble does not take the log targets: %s", error.message)
        except (pebble.Error, http.client.HTTPException, OSError):
            logger.info("Pebble cannot be reached: the log targets are left as they are")

    def _urls(self) -> frozenset[str]:
        bags = [
            load_or_none(relation, unit, ProviderUnitBag)
            for relation in self._relations
            for unit in relation.units
        ]
        return frozenset(bag.endpoint.url for bag in bags if bag and bag.endpoint)

    def _on_update_due(self, _: ops.EventBase) -> None:
        self.update()

    def _on_relation_changed(self, event: ops.RelationChangedEvent) -> None:
        self.update()
        if event.unit is None:
            load_or_none(event.relation, event.app, ProviderApplicationBag, log=True)
        else:
            load_or_none(event.relation, event.unit, ProviderUnitBag, log=True)


def _objections(relation: ops.Relation) -> Iterator[Objection]:
    bag = load_or_none(relation, relation.app, ProviderApplicationBag)
    if bag is not None and bag.event is not None and bag.event.errors:
        yield Objection(relation.app.name, bag.event.errors)
