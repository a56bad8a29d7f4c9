"""The databags of ``prometheus_scrape``, as they are on the wire."""

from typing import ClassVar

from pydantic import BaseModel, ConfigDict

from alert_rules import AlertRules, OneLine, Topology

from ._jobs import ScrapeJob


class _Frozen(BaseModel):
    model_config: ClassVar[ConfigDict] = ConfigDict(
        defer_build=True, frozen=True, hide_input_in_errors=True
    )


class MetadataAndRules(_Frozen):
    """What the leader writes while it does not know the jobs; each value is JSON."""

    scrape_metadata: Topology
    alert_rules: AlertRules


class ProviderApplicationBag(MetadataAndRules):
    """What the leader writes; each value is JSON."""

    scrape_jobs: tuple[ScrapeJob, ...]


class ProviderUnitBag(_Frozen):
    """What each unit writes; each value is plain text."""

    prometheus_scrape_unit_address: str
    prometheus_scrape_unit_name: str


class PeerEvent(_Frozen):
    """What the peer found when it looked at what was written: nothing, when all is well."""

    errors: OneLine = ""
    """What is wrong with the alert rules."""
    scrape_job_errors: OneLine = ""
    """What is wrong with the scrape jobs."""


class ConsumerApplicationBag(_Frozen):
    """What the peer's leader writes; the value is JSON."""

    event: PeerEvent | None = None
