"""Relations for the tests of charms, as values of ``ops.testing``.

Import this from tests only: it needs ``ops[testing]``.
"""

import base64
import json
import lzma
from collections.abc import Mapping, Sequence

import ops
from ops.testing import Relation, RelationBase

from databag import parse

from ._dashboards import DashboardApplication
from ._metrics import ScrapedApplication

__all__ = [
    "DEFAULT_PUSH_URL",
    "ScrapedApplication",
    "dashboards_in",
    "forwarding_in",
    "relation_with_grafana",
    "relation_with_loki",
    "relation_with_prometheus",
    "scraping_in",
]

DEFAULT_PUSH_URL = "http://loki-0.loki-endpoints.test.svc.cluster.local:3100/loki/api/v1/push"


def relation_with_prometheus(
    endpoint: str,
    *,
    errors: str = "",
    scrape_job_errors: str = "",
    remote_app_name: str = "prometheus-k8s",
) -> Relation:
    """Return the relation that the scraped charm sees at its ``endpoint``.

    Args:
        endpoint: The name of the endpoint in the charm's metadata.
        errors: Prometheus' error about the alert rules.
        scrape_job_errors: Its error about the scrape jobs.
        remote_app_name: The name of Prometheus' application.
    """
    event = {"errors": errors, "scrape_job_errors": scrape_job_errors}
    return Relation(
        endpoint,
        interface="prometheus_scrape",
        remote_app_name=remote_app_name,
        remote_app_data=_event({key: text for key, text in event.items() if text}),
        remote_units_data={0: {}},
    )


def relation_with_loki(
    endpoint: str,
    *,
    urls: Sequence[str | None] = (DEFAULT_PUSH_URL,),
    errors: str = "",
    remote_app_name: str = "loki-k8s",
) -> Relation:
    """Return the relation that the charm with the log sees at its ``endpoint``.

    Args:
        endpoint: The name of the endpoint in the charm's metadata.
        urls: The URL of each unit of Loki; None for a unit that has not sent it yet.
        errors: Loki's error about the alert rules.
        remote_app_name: The name of Loki's application.
    """
    return Relation(
        endpoint,
        interface="loki_push_api",
        remote_app_name=remote_app_name,
        remote_app_data=_event({"errors": errors} if errors else {}),
        remote_units_data={
            number: {} if url is None else {"endpoint": json.dumps({"url": url})}
            for number, url in enumerate(urls)
        },
    )


def relation_with_grafana(
    endpoint: str, *, errors: Mapping[str, str] | None = None, remote_app_name: str = "grafana-k8s"
) -> Relation:
    """Return the relation that the charm with the dashboards sees at its ``endpoint``.

    Args:
        endpoint: The name of the endpoint in the charm's metadata.
        errors: Grafana's errors, by the id of the dashboard, such as ``file:overview``.
        remote_app_name: The name of Grafana's application.
    """
    faults = [{"dashboard_id": name, "error": error} for name, error in (errors or {}).items()]
    return Relation(
        endpoint,
        interface="grafana_dashboard",
        remote_app_name=remote_app_name,
        remote_app_data=_event({"errors": faults} if faults else {}),
        remote_units_data={0: {}},
    )


def _event(event: Mapping[str, object]) -> dict[str, str]:
    return {"event": json.dumps(event)} if event else {}


def scraping_in(relation: RelationBase) -> ScrapedApplication:
    """Return the jobs and the rules that the leader has written.

    Args:
        relation: The relation, as it came out of an event.
    """
    answer = parse(ScrapedApplication, relation.local_app_data).answer
    assert isinstance(answer, ScrapedApplication), answer
    return answer


def dashboards_in(relation: RelationBase) -> Mapping[str, str]:
    """Return the JSON of each dashboard that the leader has written, by its id.

    Args:
        relation: The relation, as it came out of an event.
    """
    answer = parse(DashboardApplication, relation.local_app_data).answer
    if not isinstance(answer, DashboardApplication):
        return {}
    return {
        name: lzma.decompress(base64.b64decode(template.content)).decode()
        for name, template in answer.dashboards.templates.items()
    }


def forwarding_in(plan: ops.pebble.Plan, service: str) -> frozenset[str]:
    """Return the URLs to which Pebble forwards the log of a service, from a container's plan."""
    return frozenset(
        target.location for target in plan.log_targets.values() if service in target.services
    )
