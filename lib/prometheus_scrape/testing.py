"""Relations for the tests of charms, as values of ``ops.testing``.

Import this from tests only: it needs ``ops[testing]``.
"""

import json
from collections.abc import Mapping

from ops.testing import Relation

from ._bags import ProviderApplicationBag

__all__ = ["ProviderApplicationBag", "relation_for_provider", "written_by"]

_INTERFACE = "prometheus_scrape"


def relation_for_provider(
    endpoint: str,
    *,
    errors: str = "",
    scrape_job_errors: str = "",
    remote_app_name: str = "prometheus-k8s",
) -> Relation:
    """Return what the scraped charm sees at its ``endpoint``.

    Args:
        endpoint: The name of the endpoint in the charm's metadata.
        errors: What Prometheus says is wrong with the alert rules.
        scrape_job_errors: What it says is wrong with the scrape jobs.
        remote_app_name: The name of Prometheus' application.
    """
    event = {"errors": errors, "scrape_job_errors": scrape_job_errors}
    said = {key: text for key, text in event.items() if text}
    return Relation(
        endpoint,
        interface=_INTERFACE,
        remote_app_name=remote_app_name,
        remote_app_data={"event": json.dumps(said)} if said else {},
        remote_units_data={0: {}},
    )


def written_by(relation: Relation) -> ProviderApplicationBag:
    """Return what the leader has written, of a relation that came out of an event."""
    databag: Mapping[str, str] = relation.local_app_data
    return ProviderApplicationBag.model_validate(
        {key: json.loads(text) for key, text in databag.items()}
    )
