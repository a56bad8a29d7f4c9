"""The provider's side of ``prometheus_scrape`` (v0)."""

import re
import socket
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Annotated, Literal, Self

import ops
from pydantic import AfterValidator, Field

from databag import Json, WireModel
from databag.checks import check_port

from ._remote import CosEndpoint, RemoteApplication
from ._rules import AlertRules, Duration
from ._topology import JujuTopology

# Prometheus' charm splits a target at its colon, and its hook fails if there is more than one.
_TARGET = re.compile(r"[!-9;-~]+:([0-9]{1,5})")


def _check_target(text: str) -> str:
    if (found := _TARGET.fullmatch(text)) is None:
        raise ValueError("is not host:port or *:port")
    check_port(int(found[1]))
    return text


_Target = Annotated[str, AfterValidator(_check_target)]


class StaticConfig(WireModel):
    """Targets with the same labels."""

    targets: Annotated[tuple[_Target, ...], Field(min_length=1)]
    """``*:8000`` is port 8000 of every unit. ``host:8000`` is one target that is not a unit."""
    labels: Mapping[str, str] | None = None


class ScrapeJob(WireModel):
    """One job: targets, and how to scrape them. For None, Prometheus uses its own default."""

    metrics_path: Annotated[str, Field(pattern="^/")] = "/metrics"
    static_configs: Annotated[tuple[StaticConfig, ...], Field(min_length=1)]
    job_name: str | None = None
    scheme: Literal["http", "https"] | None = None
    scrape_interval: Duration | None = None
    scrape_timeout: Duration | None = None
    sample_limit: int | None = None

    @classmethod
    def of_units(cls, port: int) -> Self:
        """Return the job that scrapes ``/metrics`` at a TCP port of every unit.

        Raises:
            pydantic.ValidationError: if the port is not between 1 and 65535.
        """
        return cls(static_configs=(StaticConfig(targets=(f"*:{port}",)),))


class ScrapedApplication(WireModel):
    """What the leader writes."""

    scrape_jobs: Json[tuple[ScrapeJob, ...]]
    scrape_metadata: Json[JujuTopology]
    alert_rules: Json[AlertRules]


class ScrapedUnit(WireModel):
    """What each unit writes, as plain text."""

    prometheus_scrape_unit_address: str
    prometheus_scrape_unit_name: str


def _own_host() -> str:
    return socket.getfqdn()


class MetricsEndpointProvider(CosEndpoint):
    """Sends scrape jobs and alert rules to every Prometheus at an endpoint.

    It stores nothing: it compares and writes in each event that can change a value. Create it in
    the charm's ``__init__``.
    """

    def __init__(
        self,
        charm: ops.CharmBase,
        endpoint: str,
        jobs: Callable[[], Iterable[ScrapeJob]],
        *,
        alert_rules: Path | None = None,
        unit_address: Callable[[], str] = _own_host,
    ) -> None:
        """Observe ``endpoint`` of ``charm``.

        Args:
            charm: The charm whose units are scraped.
            endpoint: The name of the endpoint in the charm's metadata.
            jobs: Returns what to scrape.
            alert_rules: The directory of the rule files, see :meth:`AlertRules.load`.
            unit_address: Returns the unit's host name or IPv4 address; by default the pod's name in
                the cluster, which a new pod keeps.
        """

        def application() -> ScrapedApplication:
            topology = JujuTopology.from_charm(charm)
            rules = AlertRules.load(alert_rules) if alert_rules else AlertRules()
            return ScrapedApplication(
                scrape_jobs=tuple(jobs()),
                scrape_metadata=topology,
                alert_rules=rules.bound_to(topology),
            )

        def unit() -> ScrapedUnit:
            return ScrapedUnit(
                prometheus_scrape_unit_address=unit_address(),
                prometheus_scrape_unit_name=charm.unit.name,
            )

        super().__init__(charm, endpoint, RemoteApplication, application=application, unit=unit)
