"""A real Prometheus, configured by a relation as the charm prometheus-k8s does it.

It runs 60 times as fast: a minute becomes a second in the scrape interval and in the rules.
"""

import json
import re
import signal
import subprocess
import urllib.parse
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ops.testing import Relation
from pydantic import BaseModel

from cos.testing import scraping_in
from environment import tools
from environment.demo_server import Server
from environment.free_ports import free_port
from environment.stages import temporary_directory
from environment.waiting import wait_for

_INTERVAL = "1s"  # the default of prometheus-k8s is 1m


class _Series(BaseModel):
    metric: Mapping[str, str]


class _Result(BaseModel):
    result: tuple[_Series, ...]


class _Answer(BaseModel):
    data: _Result


@dataclass(frozen=True)
class Prometheus:
    """A Prometheus that runs."""

    directory: Path
    http: Server
    process: subprocess.Popen[bytes]

    def follow(self, relation: Relation) -> list[str]:
        """Take the jobs and rules of a relation; return the units that it reaches then."""
        written = scraping_in(relation)
        unit: Mapping[str, str] = relation.local_unit_data
        topology = written.scrape_metadata
        labels = {
            "juju_model": topology.model,
            "juju_model_uuid": topology.model_uuid,
            "juju_application": topology.application,
            "juju_charm": topology.charm_name,
            "juju_unit": topology.unit,
        }
        address = unit["prometheus_scrape_unit_address"]
        jobs = [
            {
                **job.model_dump(mode="json", exclude_none=True),
                "job_name": f"juju_{topology.identifier}_prometheus_scrape-{number}",
                "static_configs": [
                    {
                        "targets": [target.replace("*", address) for target in config.targets],
                        "labels": {**(config.labels or {}), **labels},
                    }
                    for config in job.static_configs
                ],
            }
            for number, job in enumerate(written.scrape_jobs)
        ]
        rules = written.alert_rules.model_dump_json(by_alias=True)
        (self.directory / "rules.yaml").write_text(re.sub(r"\b(\d+)m\b", r"\1s", rules))
        configuration = {
            "global": {"scrape_interval": _INTERVAL, "evaluation_interval": _INTERVAL},
            "rule_files": ["rules.yaml"],
            "scrape_configs": jobs,
        }
        (self.directory / "prometheus.yaml").write_text(json.dumps(configuration))  # JSON is YAML
        self.process.send_signal(signal.SIGHUP)
        return wait_for("a unit that Prometheus reaches", lambda: self._ask("up == 1", "juju_unit"))

    def alert(self, name: str) -> str:
        """Return the state of an alert: ``inactive``, ``pending`` or ``firing``."""
        return ", ".join(self._ask(f'ALERTS{{alertname="{name}"}}', "alertstate")) or "inactive"

    def _ask(self, query: str, label: str) -> list[str]:
        """Return the values of a label in what a query finds."""
        reply = self.http.ask(f"/api/v1/query?{urllib.parse.urlencode({'query': query})}")
        found = _Answer.model_validate_json(reply.text).data.result
        return [series.metric[label] for series in found]


@contextmanager
def run_prometheus(*, preferred_port: int = 0) -> Iterator[Prometheus]:
    """Run a Prometheus that scrapes nothing yet."""
    executable = tools.prometheus()
    with temporary_directory() as directory:
        http = Server(free_port(preferred=preferred_port))
        (directory / "prometheus.yaml").write_text("{}")
        with (directory / "log").open("wb") as log:
            process = subprocess.Popen(
                [
                    executable,
                    f"--config.file={directory / 'prometheus.yaml'}",
                    f"--storage.tsdb.path={directory / 'data'}",
                    f"--web.listen-address=127.0.0.1:{http.port}",
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is for us, who then stop it
            )
        try:
            wait_for("Prometheus", lambda: http.ask("/-/ready").status == 200)
            yield Prometheus(directory, http, process)
        finally:
            process.kill()  # nobody needs what it has gathered
            process.wait(timeout=30)
