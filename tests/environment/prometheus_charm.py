"""What the charm prometheus-k8s makes of a relation: a configuration for Prometheus, in quick motion.

A minute becomes a second: that of the charm's scrape interval, and those in the rules.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from ops.testing import Relation

from alert_rules import Topology
from prometheus_scrape import ScrapeJob
from prometheus_scrape.testing import written_by

_INTERVAL = "1s"  # the charm's own is 1m
_MINUTES = re.compile(r"\b(\d+)m\b")


@dataclass(frozen=True)
class Configuration:
    """The files of a Prometheus. They are JSON, and so YAML."""

    main: str
    """It names ``rules.yaml`` in the same directory."""
    rules: str


def configuration(relation: Relation) -> Configuration:
    """Return what makes Prometheus scrape the unit of a relation, and evaluate its rules."""
    written = written_by(relation)
    unit: Mapping[str, str] = relation.local_unit_data
    address = unit["prometheus_scrape_unit_address"]
    jobs = [
        _job_of_unit(job, number, address, written.scrape_metadata)
        for number, job in enumerate(written.scrape_jobs)
    ]
    main = {
        "global": {"scrape_interval": _INTERVAL, "evaluation_interval": _INTERVAL},
        "rule_files": ["rules.yaml"],
        "scrape_configs": jobs,
    }
    return Configuration(
        main=json.dumps(main),
        rules=_MINUTES.sub(r"\1s", written.alert_rules.model_dump_json(by_alias=True)),
    )


def _job_of_unit(
    job: ScrapeJob, number: int, address: str, topology: Topology
) -> Mapping[str, object]:
    labels = {
        "juju_model": topology.model,
        "juju_model_uuid": topology.model_uuid,
        "juju_application": topology.application,
        "juju_charm": topology.charm_name,
        "juju_unit": topology.unit,
    }
    configs = [
        {
            "targets": [target.replace("*", address) for target in config.targets],
            "labels": {**(config.labels or {}), **labels},
        }
        for config in job.static_configs
    ]
    name = f"juju_{topology.identifier}_prometheus_scrape-{number}"
    return {**job.model_dump(mode="json"), "job_name": name, "static_configs": configs}
