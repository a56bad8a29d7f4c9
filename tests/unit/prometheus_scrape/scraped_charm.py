"""A charm with nothing but metrics."""

from pathlib import Path
from typing import ClassVar

import ops
from ops.testing import Container, Context, Relation, State

from prometheus_scrape import MetricsProvider, ScrapeJob
from unit.topology import MODEL

ENDPOINT = "metrics-endpoint"
META = {
    "name": "application",
    "provides": {ENDPOINT: {"interface": "prometheus_scrape"}},
    "requires": {"database": {"interface": "postgresql_client"}},
    "containers": {"server": {}},
}
CONFIG = {"options": {"port": {"type": "int", "default": 8000}}}


class ScrapedCharm(ops.CharmBase):
    """Serves metrics at the port of its config; 0 stands for one that is not known."""

    rules: ClassVar[Path | None] = None
    address: ClassVar[str] = "application-0.application-endpoints.demo.svc.cluster.local"

    def __init__(self, framework: ops.Framework) -> None:
        super().__init__(framework)
        self.metrics = MetricsProvider(
            self,
            ENDPOINT,
            self._jobs,
            alert_rules=self.rules,
            unit_address=lambda: self.address,
        )

    def _jobs(self) -> list[ScrapeJob] | None:
        port = int(self.config["port"])
        return [ScrapeJob.of_units(port)] if port else None


def context(rules: Path | None = None, **attributes: str) -> Context[ScrapedCharm]:
    """Return the charm, with the rule files of a directory."""
    charm_type = type("ScrapedCharm", (ScrapedCharm,), {"rules": rules, **attributes})
    return Context(charm_type, meta=META, config=CONFIG)


def unit(*relations: Relation, leader: bool = True, port: int = 8000) -> State:
    """Return the unit."""
    return State(
        leader=leader,
        relations=frozenset(relations),
        model=MODEL,
        config={"port": port},
        containers={Container("server", can_connect=True)},
    )
