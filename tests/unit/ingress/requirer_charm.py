"""A charm with nothing but an ingress."""

from collections.abc import Callable, Mapping
from ipaddress import IPv4Address, IPv6Address

import ops
from ops.testing import Context, Relation, State

from ingress import IngressRequirer

ENDPOINT = "ingress"
META = {
    "name": "my-app",
    "requires": {ENDPOINT: {"interface": "ingress", "limit": 1}},
    "containers": {"server": {}},
}
HOST = "my-app-0.my-app-endpoints.m.svc"
IP = IPv4Address("10.1.2.3")
REQUEST = {
    "model": '"m"',
    "name": '"my-app"',
    "port": "8000",
    "strip-prefix": "true",
    "redirect-https": "false",
    "scheme": '"http"',
}
UNIT = {"host": '"my-app-0.my-app-endpoints.m.svc"', "ip": '"10.1.2.3"'}


class RequirerCharm(ops.CharmBase):
    """Asks for a route to port 8000."""

    def __init__(self, framework: ops.Framework) -> None:
        super().__init__(framework)
        self.ingress = IngressRequirer(
            self, ENDPOINT, port=self.port, strip_prefix=True, host=self.host, ip=self.ip
        )

    def port(self) -> int | None:
        """Return the port that the server listens on."""
        return 8000

    def host(self) -> str:
        """Return the name of the unit."""
        return HOST

    def ip(self) -> IPv4Address | IPv6Address | None:
        """Return the address of the unit."""
        return IP


class ReadingCharm(RequirerCharm):
    """Reads the answer in every event."""

    def __init__(self, framework: ops.Framework) -> None:
        super().__init__(framework)
        framework.observe(self.on.collect_unit_status, self._read)

    def _read(self, _: ops.CollectStatusEvent) -> None:
        assert self.ingress.answer is not None


def context(
    port: Callable[[], int | None] = lambda: 8000,
    host: Callable[[], str] = lambda: HOST,
    ip: Callable[[], IPv4Address | IPv6Address | None] = lambda: IP,
) -> Context[RequirerCharm]:
    """Return the charm, with another port or another address."""
    members = {"port": lambda _: port(), "host": lambda _: host(), "ip": lambda _: ip()}
    return Context(type("RequirerCharm", (RequirerCharm,), members), meta=META)


def related(
    answer: str | None = None,
    *,
    request: Mapping[str, str] | None = None,
    unit: Mapping[str, str] | None = None,
) -> Relation:
    """Return the relation, with what the provider and we have written."""
    return Relation(
        ENDPOINT,
        interface="ingress",
        remote_app_name="traefik-k8s",
        remote_app_data={} if answer is None else {"ingress": answer},
        local_app_data=dict(request or {}),
        local_unit_data={**JUJUS_OWN, **(unit or {})},
    )


JUJUS_OWN = {"egress-subnets": "10.1.2.3/32", "ingress-address": "10.1.2.3"}
"""What Juju itself writes into the databag of a unit."""


def written(state: State, relation: Relation) -> tuple[dict[str, str], dict[str, str]]:
    """Return what the application and the unit have written."""
    after = state.get_relation(relation.id)
    assert isinstance(after, Relation)
    app: dict[str, str] = after.local_app_data
    unit: dict[str, str] = after.local_unit_data
    assert unit.keys() >= JUJUS_OWN.keys()
    return app, {key: text for key, text in unit.items() if key not in JUJUS_OWN}
