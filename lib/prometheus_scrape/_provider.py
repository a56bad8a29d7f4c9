"""The provider's side: writes what Prometheus scrapes, and reads what it thinks of that."""

import pathlib
import socket
from collections.abc import Callable, Iterator, Sequence

import ops

from alert_rules import AlertRules, Objection, Topology, load_or_none

from ._bags import (
    ConsumerApplicationBag,
    ProviderApplicationBag,
    ProviderUnitBag,
    ScrapeJob,
)


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
        jobs: Callable[[], Sequence[ScrapeJob]],
        *,
        alert_rules: pathlib.Path | None = None,
        unit_address: Callable[[], str] = _fully_qualified_name,
    ) -> None:
        """Observe ``endpoint`` of ``charm``.

        Args:
            charm: The charm whose units are scraped.
            endpoint: The name of the endpoint in the charm's metadata.
            jobs: Returns what is to be scraped; asked on the leader only, and only when it is due.
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
            charm.on.leader_elected,
            charm.on.config_changed,
            charm.on.upgrade_charm,
            charm.on.start,
        ):
            self.framework.observe(event, self._on_write_due)
        self.framework.observe(on_relation.relation_changed, self._on_relation_changed)

    @property
    def objections(self) -> tuple[Objection, ...]:
        """What the related applications say is wrong with jobs and rules, read when asked for."""
        return tuple(
            objection for relation in self._relations for objection in _objections(relation)
        )

    def update(self) -> None:
        """Write what differs. For a charm that changes what it serves in events of its own."""
        for relation in self._relations:
            relation.save(self._unit_bag(), self._charm.unit, encoder=str)
            if self._charm.unit.is_leader():
                relation.save(self._application_bag(), self._charm.app)

    @property
    def _relations(self) -> Iterator[ops.Relation]:
        return (each for each in self.model.relations[self._endpoint] if each.active)

    def _unit_bag(self) -> ProviderUnitBag:
        return ProviderUnitBag(
            prometheus_scrape_unit_address=self._unit_address(),
            prometheus_scrape_unit_name=self._charm.unit.name,
        )

    def _application_bag(self) -> ProviderApplicationBag:
        topology = Topology.from_charm(self._charm)
        rules = AlertRules() if self._alert_rules is None else AlertRules.load(self._alert_rules)
        return ProviderApplicationBag(
            scrape_jobs=tuple(self._jobs()),
            scrape_metadata=topology,
            alert_rules=rules.bound_to(topology),
        )

    def _on_write_due(self, _: ops.EventBase) -> None:
        self.update()

    def _on_relation_changed(self, event: ops.RelationChangedEvent) -> None:
        self.update()
        load_or_none(event.relation, event.app, ConsumerApplicationBag, log=True)


def _objections(relation: ops.Relation) -> Iterator[Objection]:
    bag = load_or_none(relation, relation.app, ConsumerApplicationBag)
    if bag is None or bag.event is None:
        return
    for reason in (bag.event.errors, bag.event.scrape_job_errors):
        if reason:
            yield Objection(relation.app.name, reason)
