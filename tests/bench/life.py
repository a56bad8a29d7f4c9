"""The life of a unit, as a script of events."""

from collections.abc import Callable
from dataclasses import dataclass, field

from bench.juju import ENDPOINT, RELATION_CHANGED, RELATION_CREATED, Model
from realparts.certificates import CertificateAuthority

QUIET = "update-status"
ANSWER = "relation-changed"
_CONTAINER = "demo-server"
_USER_SECRET = "secret:d3b0c4a8v7ic7a9j1m40"
_TLS_SECRET = "secret:d3b0c4a8v7ic7a9j1m4g"


def _nothing(_: Model) -> None:
    """Leave the model as it is."""


@dataclass(frozen=True)
class Event:
    """Something that happens in the model, and what Juju makes of it for the unit."""

    name: str
    """The name in the table."""
    hook: str
    happening: Callable[[Model], None] = _nothing
    environment: dict[str, str] = field(default_factory=dict)
    status: str = "blocked"
    """The unit's status in the end: where it is another, the figures are of another story."""


def _relate(model: Model) -> None:
    model.is_related = True


def _answer(model: Model) -> None:
    model.answer = {
        "data": "{}",
        "database": "names_db",
        "endpoints": "postgresql-k8s-primary.bench.svc.cluster.local:5432",
        "secret-tls": _TLS_SECRET,
        "secret-user": _USER_SECRET,
        "version": "14.15",
    }
    model.secrets = {
        _USER_SECRET: {"username": "relation_id_1", "password": "the-first-password"},
        _TLS_SECRET: {"tls": "True", "tls-ca": CertificateAuthority("bench").pem},
    }


def _fail_over(model: Model) -> None:
    model.answer["endpoints"] = "postgresql-k8s-standby.bench.svc.cluster.local:5432"


def _rotate(model: Model) -> None:
    model.secrets[_USER_SECRET]["password"] = "the-second-password"


PEBBLE_READY = Event(
    "pebble-ready", f"{_CONTAINER}-pebble-ready", environment={"JUJU_WORKLOAD_NAME": _CONTAINER}
)
_CHANGED = f"{ENDPOINT}-relation-changed"
LIFE = (
    Event("install", "install"),
    Event("config-changed", "config-changed"),
    Event("start", "start"),
    PEBBLE_READY,
    Event("relation-created", f"{ENDPOINT}-relation-created", _relate, RELATION_CREATED, "waiting"),
    Event(ANSWER, _CHANGED, _answer, RELATION_CHANGED, "active"),
    Event(QUIET, "update-status", status="active"),
    Event("failover", _CHANGED, _fail_over, RELATION_CHANGED, "active"),
    Event("rotation", "secret-changed", _rotate, {"JUJU_SECRET_ID": _USER_SECRET}, "active"),
)
