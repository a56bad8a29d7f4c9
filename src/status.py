"""What the operator is told, and what there is to do about it."""

from collections.abc import Callable, Iterable
from enum import IntEnum
from typing import NamedTuple, assert_never

import ops

from config import FastAPIConfig, InvalidConfig
from postgresql_client import Connected, Invalid, NotReady, NotRelated, ProviderStatus, Severity
from state import CharmState
from workload import Condition, Failing, Health, Refused

_MAX_MESSAGE = 119  # characters


class Kind(IntEnum):
    """The kinds of status in Juju, worse is greater."""

    ACTIVE = 0
    WAITING = 1
    MAINTENANCE = 2
    BLOCKED = 3


_OPS_STATUS: dict[Kind, Callable[[str], ops.StatusBase]] = {
    Kind.ACTIVE: ops.ActiveStatus,
    Kind.WAITING: ops.WaitingStatus,
    Kind.MAINTENANCE: ops.MaintenanceStatus,
    Kind.BLOCKED: ops.BlockedStatus,
}


class Status(NamedTuple):
    """One condition of one component."""

    kind: Kind
    message: str
    """What ``juju status`` shows: under 120 characters, empty when all is well."""
    component: str
    """``config``, ``database`` or ``workload``."""
    check: str
    """What was looked at."""
    remedy: str | None
    """What the operator does about it; None when there is nothing to do."""

    @property
    def ops_status(self) -> ops.StatusBase:
        """The status to set, its message cut to what ``juju status`` has room for."""
        message = self.message
        if len(message) > _MAX_MESSAGE:
            message = f"{message[: _MAX_MESSAGE - 3]}..."
        return _OPS_STATUS[self.kind](message)


def worst(statuses: Iterable[Status]) -> Status:
    """Return the status that is the root cause: the worst, and of these the first."""
    return max(statuses, key=lambda status: status.kind)


def application_statuses(state: CharmState) -> tuple[Status, ...]:
    """Return what concerns all units alike: the statuses of the config and of the database."""
    return (*_config(state), *_database(state))


def unit_statuses(state: CharmState, health: Health) -> tuple[Status, ...]:
    """Return the statuses of every component of the unit, at least one for each."""
    return (*application_statuses(state), _workload(health))


def _config(state: CharmState) -> tuple[Status, ...]:
    check = "The charm config is within what charmcraft.yaml allows."
    match state.config:
        case FastAPIConfig():
            return (Status(Kind.ACTIVE, "", "config", check, None),)
        case InvalidConfig(problems):
            remedy = "Correct the option with `juju config`; until then nothing changes."
            return tuple(Status(Kind.BLOCKED, text, "config", check, remedy) for text in problems)
        case _:
            assert_never(state.config)


def _database(state: CharmState) -> tuple[Status, ...]:
    check = "The provider's answer on the database relation is there, complete and valid."
    match state.database:
        case NotRelated():
            status = Status(
                Kind.BLOCKED,
                "Waiting for database relation",
                "database",
                check,
                "Run `juju integrate` with a charm that provides postgresql_client.",
            )
            return (status,)
        case NotReady(missing, statuses):
            remedy = f"Wait for the provider to send {', '.join(missing)}; if it does not, see its status."
            status = Status(
                Kind.WAITING, "Waiting for database relation", "database", check, remedy
            )
            return (*_provider(statuses), status)
        case Invalid(field, reason, statuses):
            status = Status(
                Kind.BLOCKED,
                f"Database sent an invalid {field}: it {reason}. Check its charm",
                "database",
                check,
                "Repair or refresh the provider's charm; the server keeps what it had until then.",
            )
            return (*_provider(statuses), status)
        case Connected(statuses=statuses):
            return _provider(statuses) or (Status(Kind.ACTIVE, "", "database", check, None),)
        case _:
            assert_never(state.database)


def _provider(statuses: Iterable[ProviderStatus]) -> tuple[Status, ...]:
    check = "The provider raises no status that concerns this application."
    kinds = {Severity.FATAL: Kind.BLOCKED, Severity.TRANSITORY: Kind.WAITING}
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


def _workload(health: Health) -> Status:
    kind, message, remedy = _diagnosis(health)
    check = "Pebble runs the server, and the server answers."
    return Status(kind, message, "workload", check, remedy)


def _diagnosis(health: Health) -> tuple[Kind, str, str | None]:
    logs = "See the server's log: `kubectl logs` of the unit's pod, container demo-server."
    match health:
        case Condition.RUNNING:
            return Kind.ACTIVE, "", None
        case Condition.UNREACHABLE | Condition.UNPLANNED:
            remedy = "Wait for the pod; if it does not come up, see `kubectl describe pod`."
            return Kind.MAINTENANCE, "Waiting for Pebble in workload container", remedy
        case Condition.STOPPED:
            remedy = f"The next event starts it. {logs}"
            return Kind.MAINTENANCE, "Waiting for the service to start up", remedy
        case Failing(reason):
            return Kind.BLOCKED, f"Server does not run, see its log. Pebble: {reason}", logs
        case Condition.UNWELL:
            message = "Server does not answer GET /version, Pebble restarts it; see its log"
            return Kind.MAINTENANCE, message, logs
        case Refused(reason):
            remedy = f"The next event tries again. {logs}"
            return Kind.BLOCKED, f"Pebble refused to run the server: {reason}", remedy
        case _:
            assert_never(health)
