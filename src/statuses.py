"""What the operator is told, and what there is to do about it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias, assert_never

import ops

import ingress
from charm_state import CharmState
from fastapi_demo import Condition, Failing, Health, Outcome, Refused, Unknown
from postgresql_client import Connected, Invalid, NotReady, NotRelated, ProviderStatus

if TYPE_CHECKING:
    from alert_rules import Objection

_MAX_MESSAGE = 119  # characters

Kind: TypeAlias = Literal["active", "waiting", "maintenance", "blocked"]


@dataclass(frozen=True)
class Status:
    """One condition of one component."""

    kind: Kind
    message: str
    """What is wrong and what to do; empty when all is well."""
    component: str
    """``config``, ``database``, ``workload`` or ``ingress``, or the endpoint of who objects."""
    check: str
    """What was looked at."""
    remedy: str | None = None
    """What the operator does about it; None when there is nothing to do."""

    @property
    def ops_status(self) -> ops.StatusBase:
        """The status to set, its message cut to what ``juju status`` has room for."""
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


def application_statuses(state: CharmState, outcome: Outcome) -> tuple[Status, ...]:
    """Return what concerns all units alike: the statuses of the config and of the database."""
    return (*_config(state), *_database(state, holds_credentials=outcome.holds_credentials))


def unit_statuses(state: CharmState, outcome: Outcome) -> tuple[Status, ...]:
    """Return the statuses of every component of the unit, at least one for each.

    Of the ingress only what blocks: the server works without it, and there may be none.
    """
    concerning_all = application_statuses(state, outcome)
    blocked = (each for each in _ingress(state) if each.kind == "blocked")
    return (*concerning_all, _workload(outcome.health), *blocked)


def application_details(
    state: CharmState, outcome: Outcome, objections: "Mapping[str, Iterable[Objection]]"
) -> tuple[Status, ...]:
    """Return what ``status-detail`` says about the application, with all that blocks nothing.

    Args:
        state: What the server has to run with.
        outcome: How it does.
        objections: What related applications object to, by endpoint.
    """
    return (*application_statuses(state, outcome), *_ingress(state), *_objections(objections))


def _config(state: CharmState) -> tuple[Status, ...]:
    check = "The charm config is within what charmcraft.yaml allows."
    remedy = "Correct the option with `juju config`. Until then it has the value that it had."
    problems = tuple(
        Status("blocked", text, "config", check, remedy) for text in state.config.problems
    )
    return problems or (Status("active", "", "config", check),)


def _database(state: CharmState, *, holds_credentials: bool) -> tuple[Status, ...]:
    check = "The provider's answer on the database relation is there, complete and valid."
    waiting = "Waiting for database relation"
    match state.database:
        case NotRelated():
            remedy = "Run `juju integrate` with a charm that provides postgresql_client."
            return (Status("blocked", waiting, "database", check, remedy),)
        case NotReady(missing=(), unreadable=unreadable, statuses=statuses) if holds_credentials:
            message = f"Cannot read `{unreadable[0]}` now; the server keeps its credentials"
            remedy = "Wait for the next event. If it lasts, see whether the secret is granted."
            return (*_provider(statuses), Status("waiting", message, "database", check, remedy))
        case NotReady(missing=missing, unreadable=unreadable, statuses=statuses):
            keys = ", ".join((*missing, *unreadable))
            remedy = f"Wait for the provider to send {keys}. If it does not, see its status."
            return (*_provider(statuses), Status("waiting", waiting, "database", check, remedy))
        case Invalid(field=field, reason=reason, statuses=statuses):
            message = f"Invalid `{field}` from the database: {reason}. Repair its charm"
            remedy = "Repair or refresh the provider's charm. The server keeps what it had."
            return (*_provider(statuses), Status("blocked", message, "database", check, remedy))
        case Connected(statuses=statuses):
            return _provider(statuses) or (Status("active", "", "database", check),)
        case _:
            assert_never(state.database)


def _provider(statuses: Iterable[ProviderStatus]) -> tuple[Status, ...]:
    check = "The provider raises no status that concerns this application."
    kinds: dict[str, Kind] = {"fatal": "blocked", "transitory": "waiting"}
    return tuple(
        Status(
            kinds[status.severity],
            f"Database: {status.message}. {status.resolution}".rstrip(". "),
            "database",
            check,
            status.resolution or "See the provider's status.",
        )
        for status in statuses
        if status.severity in kinds
    )


def _ingress(state: CharmState) -> tuple[Status, ...]:
    check = "The server's port can be routed to, and the provider's answer on ingress is a URL."
    match state.ingress:
        case ingress.NotRelated():
            return ()
        case ingress.NotReady():
            message = "Waiting for the ingress to say at which URL the server is"
            remedy = "Wait. If it lasts, see the provider's status: it may need an option set."
            return (Status("waiting", message, "ingress", check, remedy),)
        case ingress.PortRefused(port):
            message = f"No ingress accepts server-port {port}: set another with juju config"
            remedy = "Set server-port with `juju config`. Until then there is no route."
            return (Status("blocked", message, "ingress", check, remedy),)
        case ingress.Invalid(field, reason):
            message = f"Invalid `{field}`: {reason}; the server keeps what it had"
            remedy = "Repair or refresh the charm of the ingress. The server keeps its root path."
            return (Status("blocked", message, "ingress", check, remedy),)
        case ingress.Ready(url):
            return (Status("active", str(url), "ingress", check),)
        case _:
            assert_never(state.ingress)


def _objections(objections: "Mapping[str, Iterable[Objection]]") -> tuple[Status, ...]:
    check = "The related application accepts what the charm sends it."
    return tuple(
        Status(
            "waiting",
            _shortened(f"{each.application}: {each.reason}"),
            endpoint,
            check,
            f"Report it to the charm's maintainers. `juju show-unit` has it all, at {endpoint}.",
        )
        for endpoint, of_endpoint in objections.items()
        for each in of_endpoint
    )


def _workload(health: Health) -> Status:
    kind, message, remedy = _diagnosis(health)
    check = "Pebble runs the server, and the server answers."
    return Status(kind, message, "workload", check, remedy)


def _diagnosis(health: Health) -> tuple[Kind, str, str | None]:  # noqa: PLR0911 - a case, a return
    logs = "See the server's log: `kubectl logs` of the unit's pod, container demo-server."
    match health:
        case Condition.RUNNING:
            return "active", "", None
        case Condition.UNREACHABLE | Condition.UNPLANNED:
            remedy = "Wait for the pod. If it does not come up, see `kubectl describe pod`."
            return "maintenance", "Waiting for Pebble in workload container", remedy
        case Condition.STOPPED:
            remedy = f"Wait: the next event starts it. {logs}"
            return "maintenance", "Waiting for the service to start up", remedy
        case Condition.UNWELL:
            message = "Server does not answer GET /version, Pebble restarts it; see its log"
            return "maintenance", message, logs
        case Failing(reason):
            return "blocked", f"Server does not run, see its log. Pebble: {reason}", logs
        case Refused(reason):
            remedy = f"The next event tries again. {logs}"
            return "blocked", f"Pebble refused to run the server: {reason}", remedy
        case Unknown(reason):
            remedy = "Wait: the next event asks again."
            return "maintenance", f"Cannot ask Pebble about the server: {reason}", remedy
        case _:
            assert_never(health)
