"""The statuses for the operator: what is wrong, how the charm found it, and what to do."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias, assert_never

import ops

from charm_state import CharmState
from cos import Objection
from databag import Invalid, NotReady, NotRelated
from fastapi_demo import Applied, Condition, Failing, Health, Refused, Unknown
from ingress import Ready
from postgresql_client import Connected, ProviderStatus

_MAX_MESSAGE = 119  # characters
_DATABASE_CAUSES = (
    "Usual causes: the database is down or fails over; its certificate has expired, does not name "
    "the host in `get-db-info`, or is not from the CA that the provider sent; the user lacks rights."
)

Kind: TypeAlias = Literal["active", "waiting", "maintenance", "blocked"]


@dataclass(frozen=True)
class Status:
    """One condition of one component."""

    kind: Kind
    message: str
    """What is wrong and what to do; empty when all is well."""
    component: str
    """``config``, ``database``, ``workload``, ``ingress``, or the endpoint of an objection."""
    check: str
    """What the charm checked, as a sentence that is true when all is well."""
    remedy: str | None = None
    """What the operator can do; None when there is nothing to do."""

    @property
    def ops_status(self) -> ops.StatusBase:
        """The status to set, with a message that fits into ``juju status``."""
        message = _shortened(self.message)
        match self.kind:
            case "active":
                return ops.ActiveStatus(message)
            case "waiting":
                return ops.WaitingStatus(message)
            case "maintenance":
                return ops.MaintenanceStatus(message)
            case "blocked":
                return ops.BlockedStatus(message)


def _shortened(message: str) -> str:
    return message if len(message) <= _MAX_MESSAGE else f"{message[: _MAX_MESSAGE - 3]}..."


def application_statuses(state: CharmState, applied: Applied) -> tuple[Status, ...]:
    """Return the statuses of the configuration and the database, which all units share."""
    return (*_config(state), *_database(state, holds_credentials=applied.holds_credentials))


def unit_statuses(state: CharmState, applied: Applied) -> tuple[Status, ...]:
    """Return at least one status for each component of the unit.

    The server works without an ingress, so only an ingress that blocks has a status here.
    """
    shared = application_statuses(state, applied)
    blocked = (each for each in _ingress(state) if each.kind == "blocked")
    return (*shared, _workload(applied.health), *blocked)


def application_details(
    state: CharmState, applied: Applied, objections: Mapping[str, Iterable[Objection]]
) -> tuple[Status, ...]:
    """Return the application's rows of ``status-detail``, including those that block nothing.

    Args:
        state: The state that the workload depends on.
        applied: What this event did to the server.
        objections: The objections of related applications, by endpoint.
    """
    return (*application_statuses(state, applied), *_ingress(state), *_objections(objections))


def _config(state: CharmState) -> tuple[Status, ...]:
    check = "Every option has a value that charmcraft.yaml allows."
    remedy = (
        "Correct the option with `juju config`. Until then the server keeps its last valid value."
    )
    problems = tuple(
        Status("blocked", text, "config", check, remedy) for text in state.config.problems
    )
    return problems or (Status("active", "", "config", check),)


def _database(state: CharmState, *, holds_credentials: bool) -> tuple[Status, ...]:
    check = "The provider's answer on the database relation is complete and valid."
    waiting = "Waiting for database relation"
    raised = _provider(state.provider_statuses)
    match state.database:
        case NotRelated():
            remedy = "Run `juju integrate` with a charm that provides postgresql_client."
            return (Status("blocked", waiting, "database", check, remedy),)
        case NotReady(missing=(), unreadable=(key, *_)) if holds_credentials:
            message = f"Cannot read `{key}` now; the server keeps its credentials"
            remedy = (
                "Wait for the next event. If it lasts, check that the provider grants the secret."
            )
            return (*raised, Status("waiting", message, "database", check, remedy))
        case NotReady(missing, unreadable):
            keys = ", ".join((*missing, *unreadable))
            remedy = f"Wait for the provider to send {keys}. If it does not, see its status."
            return (*raised, Status("waiting", waiting, "database", check, remedy))
        case Invalid(field, reason):
            message = f"Invalid `{field}` from the database: {reason}. Repair its charm"
            remedy = "Refresh the provider, or report it to its maintainers. The server keeps what it had."
            return (*raised, Status("blocked", message, "database", check, remedy))
        case Connected():
            return raised or (Status("active", "", "database", check),)
        case _:
            assert_never(state.database)


def _provider(statuses: Iterable[ProviderStatus]) -> tuple[Status, ...]:
    check = "The provider reports no problem with this database."
    kinds: dict[str, Kind] = {"fatal": "blocked", "transitory": "waiting"}
    return tuple(
        Status(
            kinds[status.severity],
            f"Database: {status.message.rstrip('.')}. {status.resolution}".rstrip(". "),
            "database",
            check,
            status.resolution or "See the provider's status.",
        )
        for status in statuses
        if status.severity in kinds
    )


def _ingress(state: CharmState) -> tuple[Status, ...]:
    check = "The ingress accepts the server's port and has answered with a URL."
    match state.ingress:
        case NotRelated():
            return ()
        case _ if not state.is_port_routable:
            port = state.config.server_port
            message = f"No ingress accepts server-port {port}: set another with juju config"
            remedy = "Set server-port with `juju config`. Until then the ingress has no route to the server."
            return (Status("blocked", message, "ingress", check, remedy),)
        case NotReady():
            message = "Waiting for the URL from the ingress"
            remedy = (
                "Wait. If it lasts, see the status of the ingress: its charm may need an option."
            )
            return (Status("waiting", message, "ingress", check, remedy),)
        case Invalid(field, reason):
            message = f"Invalid `{field}`: {reason}; the server keeps what it had"
            remedy = (
                "Refresh the ingress, or report it to its maintainers. The server keeps its prefix."
            )
            return (Status("blocked", message, "ingress", check, remedy),)
        case Ready() as route:
            return (Status("active", str(route.url), "ingress", check),)
        case _:
            assert_never(state.ingress)


def _objections(objections: Mapping[str, Iterable[Objection]]) -> tuple[Status, ...]:
    check = "The related application accepts what the charm sends it."
    return tuple(
        Status(
            "waiting",
            _shortened(f"{each.application}: {each.reason}"),
            endpoint,
            check,
            f"Refresh both charms. If it stays, report it: `juju show-unit` has all of it, at {endpoint}.",
        )
        for endpoint, of_endpoint in objections.items()
        for each in of_endpoint
    )


def _workload(health: Health) -> Status:
    kind, message, remedy = _diagnosis(health)
    check = "Pebble runs the server, and the server answers and can use the database."
    return Status(kind, message, "workload", check, remedy)


def _diagnosis(health: Health) -> tuple[Kind, str, str | None]:  # noqa: PLR0911 - a case, a return
    logs = "See the server's log: `kubectl logs` of the unit's pod, container demo-server."
    match health:
        case Condition.RUNNING:
            return "active", "", None
        case Condition.UNREACHABLE | Condition.NOT_IN_PLAN:
            remedy = "Wait for the pod. If it does not come up, see `kubectl describe pod`."
            return "maintenance", "Waiting for Pebble in workload container", remedy
        case Condition.STOPPED:
            remedy = f"Wait: the next event starts it. {logs}"
            return "maintenance", "Waiting for the service to start up", remedy
        case Condition.UNHEALTHY:
            message = "Server does not answer GET /version, Pebble restarts it; see its log"
            remedy = f"If it repeats, check the network to the database. {logs}"
            return "maintenance", message, remedy
        case Condition.WITHOUT_DATABASE:
            message = "Server cannot use the database: GET /names fails, see its log"
            return "waiting", message, f"{_DATABASE_CAUSES} {logs}"
        case Failing(reason):
            message = f"Server does not run, see its log. Pebble: {reason}"
            remedy = f"Check that server-port is free and that the image is right. {logs}"
            return "blocked", message, remedy
        case Refused(reason):
            remedy = f"Fix what the reason names. The next event tries again. {logs}"
            return "blocked", f"Pebble refused to run the server: {reason}", remedy
        case Unknown(reason):
            remedy = "Wait: the next event asks again."
            return "maintenance", f"Cannot ask Pebble about the server: {reason}", remedy
        case _:
            assert_never(health)
