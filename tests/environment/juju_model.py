"""A model with one unit of the charm: what Juju tells the unit, and what happens there."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

from environment.certificates import CertificateAuthority

APP, UNIT = "fastapi-demo", "fastapi-demo/0"
CONTAINER = "demo-server"
_ENDPOINT = "database"
_NOT_RELATED = ("grafana-dashboard", "ingress", "logging", "metrics-endpoint")
_REMOTE_APP, _REMOTE_UNIT = "postgresql-k8s", "postgresql-k8s/0"
_RELATION_ID = f"{_ENDPOINT}:1"
_USER_SECRET = "secret:d3b0c4a8v7ic7a9j1m40"
_TLS_SECRET = "secret:d3b0c4a8v7ic7a9j1m4g"


@dataclass(frozen=True)
class Event:
    """What Juju runs the charm for: the hook, and what is in its environment only then."""

    hook: str
    variables: Mapping[str, str] = field(default_factory=dict)


_RELATION = {
    "JUJU_RELATION": _ENDPOINT,
    "JUJU_RELATION_ID": _RELATION_ID,
    "JUJU_REMOTE_APP": _REMOTE_APP,
}
INSTALL = Event("install")
CONFIG_CHANGED = Event("config-changed")
START = Event("start")
PEBBLE_READY = Event(f"{CONTAINER}-pebble-ready", {"JUJU_WORKLOAD_NAME": CONTAINER})
UPDATE_STATUS = Event("update-status")
CHECK_RECOVERED = Event(
    f"{CONTAINER}-pebble-check-recovered",
    {"JUJU_WORKLOAD_NAME": CONTAINER, "JUJU_PEBBLE_CHECK_NAME": "fastapi-ready"},
)
_CHANGED = Event(f"{_ENDPOINT}-relation-changed", {**_RELATION, "JUJU_REMOTE_UNIT": _REMOTE_UNIT})


@dataclass
class JujuModel:
    """What Juju knows. Each happening returns the event that it means for the unit."""

    port: int
    """The option ``server-port``."""
    is_related: bool = False
    request: dict[str, str] = field(default_factory=dict)
    """What the charm has written into its application's databag."""
    databag: dict[str, str] = field(default_factory=dict)
    """The provider's databag."""
    secrets: dict[str, dict[str, str]] = field(default_factory=dict)
    """The latest content of secrets by URI."""
    opened_ports: list[str] = field(default_factory=list)
    status: str = ""
    """The unit's status."""
    message: str = ""
    """What the status says."""

    @property
    def ca(self) -> str:
        """The CA that the provider has announced, empty if none."""
        return self.secrets.get(_TLS_SECRET, {}).get("tls-ca", "")

    @property
    def password(self) -> str:
        """The password that the provider has sent, empty if none."""
        return self.secrets.get(_USER_SECRET, {}).get("password", "")

    def integrate(self) -> Event:
        """Relate the unit with a provider, which has not answered yet."""
        self.is_related = True
        return Event(f"{_ENDPOINT}-relation-created", _RELATION)

    def answer(self) -> Event:
        """Have the provider answer completely, with TLS."""
        self.databag = {"data": "{}", "database": "names_db", "version": "14.15"}
        self.databag |= {"secret-user": _USER_SECRET, "secret-tls": _TLS_SECRET}
        self.renew_ca()
        self.rotate()
        return self.fail_over()

    def fail_over(self) -> Event:
        """Move the primary to another address."""
        host = f"postgresql-k8s-{secrets.token_hex(4)}.model.svc.cluster.local"
        self.databag["endpoints"] = f"{host}:5432"
        return _CHANGED

    def rotate(self) -> Event:
        """Give the user another password."""
        password = secrets.token_urlsafe(16)
        self.secrets[_USER_SECRET] = {"username": "relation_id_1", "password": password}
        return Event("secret-changed", {"JUJU_SECRET_ID": _USER_SECRET})

    def renew_ca(self) -> Event:
        """Announce another CA."""
        self.secrets[_TLS_SECRET] = {"tls": "True", "tls-ca": CertificateAuthority("a CA").pem}
        return Event("secret-changed", {"JUJU_SECRET_ID": _TLS_SECRET})

    def configure(self, port: int) -> Event:
        """Change the option ``server-port``."""
        self.port = port
        return CONFIG_CHANGED

    def remove_relation(self) -> Event:
        """Remove the relation; what the provider wrote can be read until :meth:`forget`."""
        return Event(f"{_ENDPOINT}-relation-broken", _RELATION)

    def forget(self) -> None:
        """Let the removed relation be gone."""
        self.is_related = False
        self.request, self.databag, self.secrets = {}, {}, {}

    def answers(self) -> Mapping[str, object]:
        """Return what each call of a hook tool answers, with the arguments as ops writes them."""
        relation = f"relation-get --format=json -r {_RELATION_ID}"
        related: dict[str, object] = {
            f"relation-list --format=json -r {_RELATION_ID}": [_REMOTE_UNIT],
            f"relation-list --format=json --app -r {_RELATION_ID}": _REMOTE_APP,
            f"{relation} --app - {APP}": self.request,
            f"{relation} --app - {_REMOTE_APP}": self.databag,
            f"{relation} - {UNIT}": {},
            f"{relation} - {_REMOTE_UNIT}": {},
        }
        contents = {
            f"secret-get --format=json {uri}{refresh}": content
            for uri, content in self.secrets.items()
            for refresh in ("", " --refresh")
        }
        return {
            "config-get --format=json": {
                "server-port": self.port,
                "tls-verification": "verify-full",
            },
            "is-leader --format=json": True,
            "opened-ports --format=json": self.opened_ports,
            f"relation-ids {_ENDPOINT} --format=json": [_RELATION_ID] if self.is_related else [],
            **{f"relation-ids {endpoint} --format=json": [] for endpoint in _NOT_RELATED},
            **(related if self.is_related else {}),
            **contents,
        }

    def take(self, call: str, written: str) -> None:
        """Bring what a call of a hook tool changes into the model."""
        match call.split(maxsplit=3):
            case ["relation-set", *_]:
                changes: dict[str, str] = json.loads(written)
                merged = self.request | changes
                self.request = {key: value for key, value in merged.items() if value}
            case ["open-port", port]:
                self.opened_ports.append(port)
            case ["close-port", port]:
                self.opened_ports.remove(port)
            case ["status-set", "--application=False", status, message]:
                self.status, self.message = status, message.removeprefix("-- ")
            case _:
                pass  # it asked
