"""The Pebble layer that makes one server run, ours, with what the state says."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import Literal

import ops

import ingress
from charm_state import AppliedConfig, CharmState, FastAPIConfig
from postgresql_client import Connected, Invalid, NotReady, NotRelated, Tls

LABEL = "fastapi_demo"
SERVICE = "fastapi-service"
CHECK = "fastapi-ready"
CA_DIRECTORY = "/tmp/fastapi-demo"  # noqa: S108 - writable in any image; no name in it is secret
CA_FILES = "postgresql-ca-*.pem"
_ROOT_PATH = "UVICORN_ROOT_PATH"
_COMMAND = "uvicorn api_demo_server.app:app --host=0.0.0.0 --port="
_PORT = re.compile(r" --port=([0-9]{1,5})\b")

# What is left of the services and checks of an image, or of an earlier revision of the charm. They
# are replaced, as they may hold credentials, and values that ops cannot read back.
_SERVICE_AT_REST: ops.pebble.ServiceDict = {
    "override": "replace",
    "summary": "not used by this charm",
    "startup": "disabled",
    "command": "true",
    "on-success": "ignore",
    "on-failure": "ignore",
}
_CHECK_AT_REST: ops.pebble.CheckDict = {
    "override": "replace",
    "startup": "disabled",
    "exec": {"command": "true"},
}


def ca_path(pem: str) -> str:
    """Return the CA's absolute path in the container.

    It is made from the content: a new CA is a new path, so it changes the plan like all else.
    """
    digest = hashlib.sha256(pem.encode()).hexdigest()
    return f"{CA_DIRECTORY}/{CA_FILES.replace('*', digest[:16])}"


def applied_config(plan: ops.pebble.Plan) -> AppliedConfig:
    """Return the options that the server was last started with."""
    service = plan.services.get(SERVICE)
    if service is None:
        return AppliedConfig()
    port = _PORT.search(service.command)
    mode = service.environment.get("PGSSLMODE")
    return AppliedConfig(
        server_port=int(port[1]) if port else None,
        tls_verification=mode if mode in ("verify-full", "verify-ca") else None,
    )


def holds_credentials(plan: ops.pebble.Plan | ops.pebble.Layer, relation_id: int | None) -> bool:
    """Whether the server has the credentials of a relation, and not those of an earlier one."""
    service = plan.services.get(SERVICE)
    return (
        service is not None
        and relation_id is not None
        and service.description == _description(relation_id)
    )


def _description(relation_id: int) -> str:
    return f"with the database of relation {relation_id}"


def build(
    state: CharmState,
    plan: ops.pebble.Plan,
    services: Iterable[str] = (),
    checks: Iterable[str] = (),
) -> ops.pebble.Layer:
    """Return our layer on top of ``plan``: our service, its check, and nobody else's.

    Args:
        state: What the server has to run with.
        plan: The plan in force.
        services: The names of all services there are.
        checks: The names of all checks there are.
    """
    port = state.config.options.server_port
    of_database = _database_variables(state, plan)
    service: ops.pebble.ServiceDict = {
        "override": "replace",
        "summary": "fastapi demo",
        "startup": "enabled",
        "command": f"{_COMMAND}{port}",
    }
    all_checks = {name: _CHECK_AT_REST for name in checks if name != CHECK}
    if environment := {**of_database, **_ingress_variables(state, plan)}:
        service["environment"] = environment
    if of_database and state.relation_id is not None:
        service["description"] = _description(state.relation_id)
        service["on-check-failure"] = {CHECK: "restart"}
        all_checks[CHECK] = _check(port, startup="enabled")
    elif CHECK in checks:  # a layer can switch a check off, but not take it away
        all_checks[CHECK] = _check(port, startup="disabled")
    others = {name: _SERVICE_AT_REST for name in services if name != SERVICE}
    layer: ops.pebble.LayerDict = {"services": {SERVICE: service, **others}}
    if all_checks:
        layer["checks"] = all_checks
    return ops.pebble.Layer(layer)


def _database_variables(state: CharmState, plan: ops.pebble.Plan) -> Mapping[str, str]:
    """Return where the database is, or what it was until now.

    A server that works keeps what it has until there is something better: while an answer is
    incomplete or unusable, what the same relation brought earlier stays.
    """
    match state.database:
        case NotRelated():
            return {}
        case NotReady() | Invalid():
            is_kept = holds_credentials(plan, state.relation_id)
            kept = plan.services[SERVICE].environment if is_kept else {}
            return {name: value for name, value in kept.items() if name != _ROOT_PATH}
        case Connected() as database:
            return {**_connection(database), **_tls(database.tls, state.config.options)}


def _ingress_variables(state: CharmState, plan: ops.pebble.Plan) -> Mapping[str, str]:
    """Return the prefix that clients see before the server's own paths, or what it was until now."""
    match state.ingress:
        case ingress.NotRelated() | ingress.PortRefused():
            return {}
        case ingress.NotReady() | ingress.Invalid():
            service = plan.services.get(SERVICE)
            kept = service.environment if service else {}
            return {name: value for name, value in kept.items() if name == _ROOT_PATH}
        case ingress.Ready() as route:
            return {_ROOT_PATH: route.root_path} if route.root_path else {}


def _connection(database: Connected) -> Mapping[str, str]:
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


def _tls(tls: Tls, config: FastAPIConfig) -> Mapping[str, str]:
    if not tls.enabled:
        return {}
    if tls.ca is None:
        return {"PGSSLMODE": "require"}
    return {"PGSSLMODE": config.tls_verification, "PGSSLROOTCERT": ca_path(tls.ca)}


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
    return all(
        plan.services.get(name) == service for name, service in layer.services.items()
    ) and all(plan.checks.get(name) == check for name, check in layer.checks.items())
