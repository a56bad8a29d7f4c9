"""Relations for the tests of charms, as values of ``ops.testing``.

Import this from tests only: it needs ``ops[testing]``.
"""

import json

from ops.testing import Relation

__all__ = ["relation_for_requirer"]


def relation_for_requirer(
    endpoint: str,
    *,
    url: str | None = "http://192.0.2.1/my-model-my-app",
    remote_app_name: str = "traefik-k8s",
) -> Relation:
    """Return the relation that the requirer's charm sees at its ``endpoint``.

    Args:
        endpoint: The name of the endpoint in the charm's metadata.
        url: The URL in the provider's answer; None if it has not answered.
        remote_app_name: The name of the provider's application.
    """
    return Relation(
        endpoint,
        interface="ingress",
        remote_app_name=remote_app_name,
        remote_app_data={} if url is None else {"ingress": json.dumps({"url": url})},
    )
