"""Prometheus, Loki and Grafana, asked over HTTP at the address of their first unit."""

from collections.abc import Mapping
from dataclasses import dataclass

import jubilant
import requests
from pydantic import BaseModel, TypeAdapter

from integration.demo import APP, HTTP_TIMEOUT

PROMETHEUS, LOKI, GRAFANA = "prometheus-k8s", "loki-k8s", "grafana-k8s"
RELATIONS = (
    (f"{APP}:metrics-endpoint", f"{PROMETHEUS}:metrics-endpoint"),
    (f"{APP}:logging", f"{LOKI}:logging"),
    (f"{APP}:grafana-dashboard", f"{GRAFANA}:grafana-dashboard"),
)
_PORTS = {PROMETHEUS: 9090, LOKI: 3100, GRAFANA: 3000}
_RESULTS = TypeAdapter(dict[str, str])


class _Rule(BaseModel):
    name: str


class _Group(BaseModel):
    rules: tuple[_Rule, ...]


class _Rules(BaseModel):
    groups: tuple[_Group, ...]


class _RulesAnswer(BaseModel):
    data: _Rules


class _Target(BaseModel):
    labels: Mapping[str, str]
    health: str


class _Targets(BaseModel):
    activeTargets: tuple[_Target, ...]  # noqa: N815 - Prometheus names it so


class _TargetsAnswer(BaseModel):
    data: _Targets


class _Stream(BaseModel):
    values: tuple[tuple[str, str], ...]


class _Streams(BaseModel):
    result: tuple[_Stream, ...]


class _StreamsAnswer(BaseModel):
    data: _Streams


class _Dashboard(BaseModel):
    uid: str


_DASHBOARDS = TypeAdapter(tuple[_Dashboard, ...])


@dataclass(frozen=True)
class Observers:
    """What watches the demo server."""

    juju: jubilant.Juju

    def targets(self) -> dict[str, str]:
        """Return the units of ours that Prometheus scrapes, and whether that works."""
        answer = _TargetsAnswer.model_validate_json(self._get(PROMETHEUS, "/api/v1/targets"))
        return {
            target.labels["juju_unit"]: target.health
            for target in answer.data.activeTargets
            if target.labels.get("juju_application") == APP
        }

    def alerts(self, application: str) -> set[str]:
        """Return the names of the alerts that Prometheus or Loki knows."""
        # Loki has a path for it that is like Prometheus' own.
        path = "/prometheus/api/v1/rules" if application == LOKI else "/api/v1/rules"
        answer = _RulesAnswer.model_validate_json(self._get(application, path))
        return {rule.name for group in answer.data.groups for rule in group.rules}

    def lines(self, text: str) -> list[str]:
        """Return the lines of our server's log at Loki, of the last hour, that have a text in them."""
        query = f'{{juju_application="{APP}", juju_unit="{APP}/0"}} |= `{text}`'
        found = self._get(LOKI, "/loki/api/v1/query_range", query=query)
        answer = _StreamsAnswer.model_validate_json(found)
        return [line for stream in answer.data.result for _, line in stream.values]

    def dashboards(self) -> set[str]:
        """Return the ids of Grafana's dashboards: what stands in their address."""
        task = self.juju.run(f"{GRAFANA}/0", "get-admin-password")
        password = _RESULTS.validate_python(task.results)["admin-password"]
        found = self._get(GRAFANA, "/api/search", user="admin", password=password, type="dash-db")
        return {dashboard.uid for dashboard in _DASHBOARDS.validate_json(found)}

    def _get(
        self, application: str, path: str, *, user: str = "", password: str = "", **query: str
    ) -> bytes:
        unit = self.juju.status().get_units(application)[f"{application}/0"]
        host = f"[{unit.address}]" if ":" in unit.address else unit.address
        response = requests.get(
            f"http://{host}:{_PORTS[application]}{path}",
            params=query,
            auth=(user, password) if user else None,
            timeout=HTTP_TIMEOUT,
        )
        response.raise_for_status()
        return response.content
