"""What goes over one relation, there and back."""

import pathlib
from collections.abc import Callable, Sequence

import ops

from alert_rules import AlertRules, Objection, Topology, load_or_none

from ._bags import ConsumerApplicationBag, MetadataAndRules, ProviderApplicationBag, ProviderUnitBag
from ._jobs import ScrapeJob


def write_unit(relation: ops.Relation, unit: ops.Unit, address: str) -> None:
    """Write where a unit is found, if that differs."""
    bag = ProviderUnitBag(
        prometheus_scrape_unit_address=address, prometheus_scrape_unit_name=unit.name
    )
    relation.save(bag, unit, encoder=str)


def write_application(
    relation: ops.Relation,
    charm: ops.CharmBase,
    jobs: Callable[[], Sequence[ScrapeJob] | None],
    rule_files: pathlib.Path | None,
) -> None:
    """Write what is scraped and when to alert, if that differs. The leader may do that alone."""
    topology = Topology.from_charm(charm)
    rules = AlertRules() if rule_files is None else AlertRules.load(rule_files)
    bound, known = rules.bound_to(topology), jobs()
    if known is None:  # a key that is not saved stays
        bag = MetadataAndRules(scrape_metadata=topology, alert_rules=bound)
    else:
        bag = ProviderApplicationBag(
            scrape_metadata=topology, alert_rules=bound, scrape_jobs=tuple(known)
        )
    relation.save(bag, charm.app)


def objections(relation: ops.Relation, *, log: bool = False) -> tuple[Objection, ...]:
    """Return what the peer says is wrong. With ``log``, say so if that is malformed itself."""
    bag = load_or_none(relation, relation.app, ConsumerApplicationBag, log=log)
    if bag is None or bag.event is None:
        return ()
    reasons = (bag.event.errors, bag.event.scrape_job_errors)
    return tuple(Objection(relation.app.name, reason) for reason in reasons if reason)
