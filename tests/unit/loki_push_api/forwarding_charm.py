"""A charm with a service, and its log."""

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import ops
from ops.testing import Container, Context, Relation, State

from loki_push_api import LogForwarder
from unit.topology import MODEL

ENDPOINT = "logging"
SERVICE = "service"
LAYER = "application_logging"
META = {
    "name": "application",
    "requires": {
        ENDPOINT: {"interface": "loki_push_api"},
        "database": {"interface": "postgresql_client"},
    },
    "containers": {"server": {}},
}
_SECRET = "secret-of-the-service"
PLAN: ops.pebble.LayerDict = {
    "services": {
        SERVICE: {
            "override": "replace",
            "command": "sleep 1",
            "environment": {"PASSWORD": _SECRET},
        }
    }
}


class ForwardingCharm(ops.CharmBase):
    """Forwards the log of its service."""

    rules: ClassVar[Path | None] = None

    def __init__(self, framework: ops.Framework) -> None:
        super().__init__(framework)
        self.logs = LogForwarder(
            self, ENDPOINT, container="server", service=SERVICE, alert_rules=self.rules
        )


def context(rules: Path | None = None) -> Context[ForwardingCharm]:
    """Return the charm, with the rule files of a directory."""
    return Context(type("ForwardingCharm", (ForwardingCharm,), {"rules": rules}), meta=META)


def container(
    layers: Mapping[str, ops.pebble.LayerDict] | None = None, *, can_connect: bool = True
) -> Container:
    """Return the container, by default with the service in Pebble's plan."""
    found = {"service": PLAN} if layers is None else layers
    return Container(
        "server",
        can_connect=can_connect,
        layers={label: ops.pebble.Layer(layer) for label, layer in found.items()},
    )


def unit(*relations: Relation, leader: bool = True, server: Container | None = None) -> State:
    """Return the unit."""
    return State(
        leader=leader,
        relations=frozenset(relations),
        model=MODEL,
        containers={server or container()},
    )
