"""Relations for the tests of charms, as values of ``ops.testing``.

Import this from tests only: it needs ``ops[testing]``.
"""

import json
from collections.abc import Sequence

import ops
from ops.testing import Relation

__all__ = ["DEFAULT_URL", "forwarding_in", "relation_for_requirer"]

DEFAULT_URL = "http://loki-0.loki-endpoints.test.svc.cluster.local:3100/loki/api/v1/push"
_INTERFACE = "loki_push_api"


def relation_for_requirer(
    endpoint: str,
    *,
    urls: Sequence[str | None] = (DEFAULT_URL,),
    errors: str = "",
    remote_app_name: str = "loki-k8s",
) -> Relation:
    """Return what the charm that forwards its log sees at its ``endpoint``.

    Args:
        endpoint: The name of the endpoint in the charm's metadata.
        urls: Where each unit of Loki takes log lines; None for a unit that has not said so yet.
        errors: What Loki says is wrong with the alert rules.
        remote_app_name: The name of Loki's application.
    """
    return Relation(
        endpoint,
        interface=_INTERFACE,
        remote_app_name=remote_app_name,
        remote_app_data={"event": json.dumps({"errors": errors})} if errors else {},
        remote_units_data={
            number: {} if url is None else {"endpoint": json.dumps({"url": url})}
            for number, url in enumerate(urls)
        },
    )


def forwarding_in(plan: ops.pebble.Plan, service: str) -> frozenset[str]:
    """Return the URLs that the log of a service is forwarded to, by a container's plan."""
    return frozenset(
        target.location for target in plan.log_targets.values() if service in target.services
    )
