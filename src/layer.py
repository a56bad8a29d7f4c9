"""The Pebble layer that makes one server run, ours, with what the state says."""

import hashlib
from collections.abc import Mapping
from typing import Literal

import ops

from config import FastAPIConfig
from postgresql_client import (
    Answer,
    CaCertificates,
    Connected,
    Invalid,
    NotReady,
    NotRelated,
    Tls,
)

LABEL = "fastapi_demo"
SERVICE = "fastapi-service"
CHECK = "fastapi-ready"
_COMMAND = "uvicorn api_demo_server.app:app --host=0.0.0.0 --port="
CA_DIRECTORY = "/tmp/fastapi-demo"  # noqa: S108 - writable in any image; no name in it is secret


def ca_path(ca: CaCertificates) -> str:
    """Return the CA's absolute path in the container.

    It is made from the content: a new CA is a new path, so it changes the plan like all else.
    """
    digest = hashlib.sha256(ca.encode()).hexdigest()
    return f"{CA_DIRECTORY}/postgresql-ca-{digest[:16]}.pem"


def environment(
    database: Answer, config: FastAPIConfig, current: ops.pebble.Plan
) -> dict[str, str]:
    """Return the server's environment: where the database is, or what it was until now.

    A server that works keeps what it has until there is something better: while an answer is
    incomplete or unusable, the environment of the current plan stays.
    """
    match database:
        case NotRelated():
            return {}
        case NotReady() | Invalid():
            service = current.services.get(SERVICE)
            return service.environment if service else {}
        case Connected():
            return _connection(database) | _tls(database, config)


def _connection(database: Connected) -> dict[str, str]:
    variables = {
        # libpq takes lists, and tries one after the other.
        "DEMO_SERVER_DB_HOST": ",".join(endpoint.host for endpoint in database.endpoints),
        "DEMO_SERVER_DB_PORT": ",".join(str(endpoint.port) for endpoint in database.endpoints),
        "DEMO_SERVER_DB_USER": database.credentials.username,
        "DEMO_SERVER_DB_PASSWORD": database.credentials.password.get_secret_value(),
    }
    if database.database is not None:
        variables["DEMO_SERVER_DB_NAME"] = database.database
    if len(database.endpoints) > 1:
        variables["PGTARGETSESSIONATTRS"] = "read-write"
    return variables


def _tls(database: Connected, config: FastAPIConfig) -> dict[str, str]:
    match database.tls:
        case Tls.OFF:
            return {}
        case Tls.WITHOUT_CA:
            return {"PGSSLMODE": "require"}
        case CaCertificates() as ca:
            return {"PGSSLMODE": config.tls_verification, "PGSSLROOTCERT": ca_path(ca)}


def connected_port(current: ops.pebble.Plan) -> int | None:
    """Return the port of the server that ``current`` connects to a database, None if it does not."""
    service = current.services.get(SERVICE)
    if service is None or not service.environment:
        return None
    before, _, port = service.command.partition(_COMMAND)
    return int(port) if not before and port.isascii() and port.isdecimal() else None


def build(port: int, variables: Mapping[str, str], current: ops.pebble.Plan) -> ops.pebble.Layer:
    """Return our layer on top of ``current``: our service, its check, and nobody else's."""
    service: ops.pebble.ServiceDict = {
        "override": "replace",
        "summary": "fastapi demo",
        "startup": "enabled",
        "command": f"{_COMMAND}{port}",
    }
    checks: dict[str, ops.pebble.CheckDict] = {
        name: {"override": "merge", "startup": "disabled"}
        for name, check in current.checks.items()
        if name != CHECK and check.startup is not ops.pebble.CheckStartup.DISABLED
    }
    if variables:
        service["environment"] = dict(variables)
        service["on-check-failure"] = {CHECK: "restart"}
        checks[CHECK] = _check(port, startup="enabled")
    elif CHECK in current.checks:  # a layer can switch a check off, but not take it away
        checks[CHECK] = _check(port, startup="disabled")
    others: dict[str, ops.pebble.ServiceDict] = {
        name: {"override": "merge", "startup": "disabled"}
        for name, other in current.services.items()
        if name != SERVICE and other.startup == "enabled"
    }
    layer: ops.pebble.LayerDict = {"services": {SERVICE: service, **others}}
    if checks:
        layer["checks"] = checks
    return ops.pebble.Layer(layer)


def _check(port: int, startup: Literal["enabled", "disabled"]) -> ops.pebble.CheckDict:
    return {
        "override": "replace",
        "startup": startup,
        "level": "ready",
        "period": "10s",
        "timeout": "3s",
        "threshold": 3,
        "http": {"url": f"http://localhost:{port}/version"},
    }


def is_in(layer: ops.pebble.Layer, plan: ops.pebble.Plan) -> bool:
    """Whether ``plan`` is what it would be with ``layer`` on top."""
    return (
        layer.services.keys() == {SERVICE}
        and plan.services.get(SERVICE) == layer.services[SERVICE]
        and layer.checks.keys() <= {CHECK}
        and plan.checks.get(CHECK) == layer.checks.get(CHECK)
    )
