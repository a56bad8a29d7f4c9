"""Builds the Pebble layer that runs the demo server."""

import hashlib
from collections.abc import Iterable, Mapping

import ops

from charm_state import CharmState, CheckedConfig, Verification
from databag import Invalid, NotReady, NotRelated
from ingress import Ready
from postgresql_client import Connected, Tls

LABEL = "fastapi_demo"
SERVICE = "fastapi-service"
READY_CHECK, DATABASE_CHECK = "fastapi-ready", "fastapi-database"
CA_DIRECTORY = "/tmp/fastapi-demo"  # noqa: S108 - writable in any image; no name in it is secret
CA_FILES = "postgresql-ca-*.pem"
_ROOT_PATH = "UVICORN_ROOT_PATH"
_TRUSTED_PROXIES = "FORWARDED_ALLOW_IPS"
_INGRESS_VARIABLES = (_ROOT_PATH, _TRUSTED_PROXIES)
_LOG_FILE = {"DEMO_SERVER_LOGFILE": "/dev/null"}
"""Pebble gets the same lines, and the image's user may be unable to write to its directory."""
_SESSION = {
    # The server keeps its connection, and an endpoint may lead to a replica during a failover.
    "PGTARGETSESSIONATTRS": "read-write",
    # Without a limit, an endpoint that does not answer delays a request by two minutes.
    "PGCONNECT_TIMEOUT": "5",
}
"""How libpq connects to a database that fails over."""
_PROGRAM = "uvicorn api_demo_server.app:app"

# These replace the services and checks of the image, or of an earlier revision of the charm, which
# may hold credentials or values that ops cannot parse.
_DISABLED_SERVICE: ops.pebble.ServiceDict = {
    "override": "replace",
    "summary": "not used by this charm",
    "startup": "disabled",
    "command": "true",
    "on-success": "ignore",
    "on-failure": "ignore",
}
_DISABLED_CHECK: ops.pebble.CheckDict = {
    "override": "replace",
    "startup": "disabled",
    "exec": {"command": "true"},
}


def ca_path(pem: str) -> str:
    """Return the absolute path of the CA's file in the container.

    The file name is a digest of the content, so a new CA restarts the server.
    """
    digest = hashlib.sha256(pem.encode()).hexdigest()
    return f"{CA_DIRECTORY}/{CA_FILES.replace('*', digest[:16])}"


def holds_credentials(plan: ops.pebble.Plan | ops.pebble.Layer, relation_id: int | None) -> bool:
    """Whether the server has credentials from this relation, not from an earlier one."""
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
    *,
    has_ca_file: bool = True,
) -> ops.pebble.Layer:
    """Return our layer on top of ``plan``: our service and its checks; all others are disabled.

    Args:
        state: The state that the server has to run with.
        plan: Pebble's current plan.
        services: The names of all services in it.
        checks: The names of all checks in it.
        has_ca_file: Whether the CA that the database's answer needs is in the container. Without
            it the answer cannot be used.
    """
    port = state.config.server_port
    host = "--host=::" if state.is_ipv6_only else "--host=0.0.0.0"
    others = {name: _DISABLED_SERVICE for name in services if name != SERVICE}
    of_database = _database_variables(state, plan, has_ca_file=has_ca_file)
    environment = _environment(of_database, is_plain_image=not others)
    environment |= _ingress_variables(state, plan)
    service: ops.pebble.ServiceDict = {
        "override": "replace",
        "summary": "fastapi demo",
        "startup": "enabled",
        "command": f"{_PROGRAM} {host} --port={port}",
    }
    all_checks = dict.fromkeys(checks, _DISABLED_CHECK)  # a layer cannot remove a check
    if environment:
        service["environment"] = environment
    if of_database and state.relation_id is not None:
        service["description"] = _description(state.relation_id)
        service["on-check-failure"] = {READY_CHECK: "restart"}
        all_checks |= _checks(port)
    layer: ops.pebble.LayerDict = {"services": {SERVICE: service, **others}}
    if all_checks:
        layer["checks"] = all_checks
    return ops.pebble.Layer(layer)


def _environment(of_database: Mapping[str, str], *, is_plain_image: bool) -> dict[str, str]:
    """Return the variables of the database, and those that the server needs in a real pod.

    A plain image, which has no services of its own, gets only the former without a database or
    with a bare answer.
    """
    if is_plain_image and not _SESSION.keys() <= of_database.keys():
        return {**of_database}
    return {**_LOG_FILE, **(_SESSION if of_database else {}), **of_database}


def _database_variables(
    state: CharmState, plan: ops.pebble.Plan, *, has_ca_file: bool
) -> Mapping[str, str]:
    """Return the variables of the database.

    While an answer is incomplete or unusable, the server keeps what the same relation gave it.
    """
    match state.database:
        case NotRelated():
            return {}
        case Connected() as database if has_ca_file:
            return {**_connection(database), **_tls(database.tls, state.config, plan)}
        case NotReady() | Invalid() | Connected():
            is_kept = holds_credentials(plan, state.relation_id)
            kept = _environment_in(plan) if is_kept else {}
            return {n: value for n, value in kept.items() if n not in _INGRESS_VARIABLES}


def _ingress_variables(state: CharmState, plan: ops.pebble.Plan) -> Mapping[str, str]:
    """Return the variables of the ingress. While its answer is unusable, the server keeps them."""
    match state.ingress:
        case NotRelated():
            return {}
        case _ if not state.is_port_routable:
            return {}
        case NotReady() | Invalid():
            kept = _environment_in(plan)
            return {name: value for name, value in kept.items() if name in _INGRESS_VARIABLES}
        case Ready() as route:
            prefix = {_ROOT_PATH: route.root_path} if route.root_path else {}
            # Redirects need the client's scheme. Clients reach the pods through the ingress.
            trusted = {_TRUSTED_PROXIES: "*"} if route.url.scheme == "https" else {}
            return {**prefix, **trusted}


def _environment_in(plan: ops.pebble.Plan) -> Mapping[str, str]:
    service = plan.services.get(SERVICE)
    return service.environment if service else {}


def _connection(database: Connected) -> Mapping[str, str]:
    endpoints = sorted(database.endpoints, key=str)  # their order does not matter
    login = {
        # libpq takes lists, and tries one endpoint after another.
        "DEMO_SERVER_DB_HOST": ",".join(endpoint.host for endpoint in endpoints),
        "DEMO_SERVER_DB_PORT": ",".join(str(endpoint.port) for endpoint in endpoints),
        "DEMO_SERVER_DB_USER": database.credentials.username,
        "DEMO_SERVER_DB_PASSWORD": database.credentials.password.get_secret_value(),
    }
    is_bare = database.database is None and not database.tls.enabled and len(endpoints) == 1
    return login if is_bare else {**_SESSION, **login}


def _tls(tls: Tls, config: CheckedConfig, plan: ops.pebble.Plan) -> Mapping[str, str]:
    if not tls.enabled:
        return {}
    if tls.ca is None:
        return {"PGSSLMODE": "require"}
    verification = config.tls_verification or _verification_in(plan)
    return {"PGSSLMODE": verification, "PGSSLROOTCERT": ca_path(tls.ca)}


def _verification_in(plan: ops.pebble.Plan) -> Verification:
    """Return the server's current verification, or the default if it has none."""
    is_lowered = _environment_in(plan).get("PGSSLMODE") == "verify-ca"
    return "verify-ca" if is_lowered else "verify-full"


def _checks(port: int) -> Mapping[str, ops.pebble.CheckDict]:
    """Return the checks of a server with a database.

    If the second one fails, nothing restarts and the pod stays in service: neither a restart nor
    another pod makes the database usable.
    """
    return {
        READY_CHECK: {
            "override": "replace",
            "startup": "enabled",
            "level": "ready",
            "period": "10s",
            "timeout": "3s",
            "threshold": 3,
            "http": {"url": f"http://localhost:{port}/version"},
        },
        DATABASE_CHECK: {
            "override": "replace",
            "startup": "enabled",
            "period": "30s",
            "timeout": "5s",
            "threshold": 2,
            "http": {"url": f"http://localhost:{port}/names"},
        },
    }


def is_applied(layer: ops.pebble.Layer, plan: ops.pebble.Plan) -> bool:
    """Whether ``plan`` would stay the same with ``layer`` on top.

    Pebble adds defaults to a check. Our checks replace those of the image, so a field that they
    lack is a default.
    """
    return all(
        plan.services.get(name) == service for name, service in layer.services.items()
    ) and all(
        name in plan.checks and check.to_dict().items() <= plan.checks[name].to_dict().items()
        for name, check in layer.checks.items()
    )
