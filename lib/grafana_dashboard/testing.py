"""Relations for the tests of charms, as values of ``ops.testing``, and the files of dashboards.

Import this from tests only: it needs ``ops[testing]``.
"""

import base64
import json
import lzma
from collections.abc import Mapping

from ops.testing import Relation

from ._bags import Dashboards
from ._dashboard import Dashboard, DashboardError

__all__ = ["Dashboard", "DashboardError", "dashboards_written_by", "relation_for_provider"]

_INTERFACE = "grafana_dashboard"


def relation_for_provider(
    endpoint: str,
    *,
    errors: Mapping[str, str] | None = None,
    remote_app_name: str = "grafana-k8s",
) -> Relation:
    """Return what the charm with the dashboards sees at its ``endpoint``.

    Args:
        endpoint: The name of the endpoint in the charm's metadata.
        errors: What Grafana says is wrong, by the id of the dashboard, such as ``file:overview``.
        remote_app_name: The name of Grafana's application.
    """
    faults = [{"dashboard_id": name, "error": error} for name, error in (errors or {}).items()]
    return Relation(
        endpoint,
        interface=_INTERFACE,
        remote_app_name=remote_app_name,
        remote_app_data={"event": json.dumps({"errors": faults})} if faults else {},
        remote_units_data={0: {}},
    )


def dashboards_written_by(relation: Relation) -> Mapping[str, str]:
    """Return the JSON of each dashboard that the leader has written, by its id.

    Args:
        relation: The relation, as it came out of an event.
    """
    databag: Mapping[str, str] = relation.local_app_data
    if "dashboards" not in databag:
        return {}
    written = Dashboards.model_validate_json(databag["dashboards"])
    return {
        name: lzma.decompress(base64.b64decode(template.content)).decode()
        for name, template in written.templates.items()
    }
