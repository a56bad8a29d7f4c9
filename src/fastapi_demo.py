"""Runs the demo server in its container, and reports the server's health."""

import http.client
import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import TypeAlias, TypeVar

import ops
import yaml
from ops import pebble

import pebble_layer
from ca_files import CaFiles
from charm_state import CharmState
from databag import NotRelated
from pebble_layer import DATABASE_CHECK, LABEL, READY_CHECK, SERVICE
from postgresql_client import Connected

logger = logging.getLogger(__name__)

_T = TypeVar("_T")
_Services: TypeAlias = Mapping[str, pebble.ServiceInfo]
_IS_STOPPING = "cannot start service while "  # terminating or killing
"""Pebble's error while it stops a server whose check failed. It reports that server as inactive."""
_TASK_ERROR = re.compile(r"- .*? \((.*)\)$", re.MULTILINE)


class Condition(Enum):
    """The server's health, if Pebble gives no reason for it."""

    UNREACHABLE = "Pebble does not answer"
    NOT_IN_PLAN = "Pebble's plan does not have the service yet"
    STOPPED = "the plan has the service, but it does not run"
    UNHEALTHY = "the server runs, but does not answer"
    WITHOUT_DATABASE = "the server runs, but cannot use the database"
    RUNNING = "the server runs, and no check of it fails"


@dataclass(frozen=True)
class Refused:
    """Pebble answers, but refuses what the charm asks for."""

    reason: str


@dataclass(frozen=True)
class Unknown:
    """Pebble failed to answer a question, so the health is not known."""

    reason: str


@dataclass(frozen=True)
class Failing:
    """The server does not start, or exits again and again; Pebble keeps starting it."""

    reason: str


Health: TypeAlias = Condition | Refused | Unknown | Failing


@dataclass(frozen=True)
class Applied:
    """What this event did to the server, and the server's health after it."""

    health: Health
    """The server's health, or why this event failed to start it."""
    is_started: bool = False
    """Whether this event asked Pebble to start the server."""
    holds_credentials: bool = False
    """Whether the server has credentials of the current relation."""


class DemoServer:
    """The service in the container. An error of Pebble or of the server raises nothing here."""

    def __init__(self, container: ops.Container) -> None:
        self._container = container
        self._ca_files = CaFiles(container)

    def apply(self, state: CharmState) -> Applied:
        """Make Pebble run one server, with this state; restart it only if the state differs."""
        applied = _ask_pebble(lambda: self._apply(state))
        if isinstance(applied, Applied):
            return applied
        if isinstance(applied, Refused | Unknown | Failing):
            logger.error("Pebble: %s", applied.reason)
        return Applied(applied, is_started=isinstance(applied, Failing))

    def health(self) -> Health:
        """Return the server's health, and change nothing."""
        return _ask_pebble(lambda: self._health(self._container.get_services(SERVICE)))

    def _apply(self, state: CharmState) -> Applied:
        plan, services = self._plan(), self._container.get_services()
        ca = _ca(state)
        refused = None if ca is None else self._ca_files.provide(ca)
        is_answered = isinstance(state.database, Connected | NotRelated) and refused is None
        if plan is None and SERVICE in services and not is_answered:
            applied = Applied(self._health(services))  # the values to keep cannot be read
        else:
            known = plan or pebble.Plan("")
            wanted = pebble_layer.build(
                state, known, services, self._checks(plan), has_ca_file=refused is None
            )
            applied = self._change(plan, services, wanted, state.relation_id)
        return applied if refused is None else replace(applied, health=Refused(refused))

    def _change(
        self,
        plan: pebble.Plan | None,
        services: _Services,
        wanted: pebble.Layer,
        relation_id: int | None,
    ) -> Applied:
        """Bring Pebble from its plan and services to the wanted layer, with one server running."""
        is_changed = plan is None or not pebble_layer.is_applied(wanted, plan)
        # A service in backoff counts as running: Pebble is about to start it.
        running = [n for n, s in services.items() if s.current is not pebble.ServiceStatus.INACTIVE]
        others = [name for name in running if name != SERVICE]
        holds_credentials = pebble_layer.holds_credentials(wanted, relation_id)
        if not is_changed and not others and not _is_down(services):
            return Applied(self._health(services), holds_credentials=holds_credentials)
        # The server stays stopped until the last step. So if a step fails, or the hook is killed,
        # the next event finds the server stopped and starts it.
        if is_changed:
            logger.info("%s: %s", SERVICE, _difference(plan, wanted))
            self._stop(running)
            self._add_layer(wanted)
        else:
            self._stop(others)
        self._stop_checks(wanted)
        self._ca_files.remove(but=wanted.services[SERVICE].environment.get("PGSSLROOTCERT"))
        if not self._start():
            return Applied(
                Condition.STOPPED, is_started=is_changed, holds_credentials=holds_credentials
            )
        if not is_changed:
            logger.info("%s: %s", SERVICE, _reason_to_start(services, others))
        return Applied(
            self._health(self._container.get_services()),
            is_started=True,
            holds_credentials=holds_credentials,
        )

    def _plan(self) -> pebble.Plan | None:
        """Return the plan, or None if ops cannot parse a value in it."""
        try:
            return self._container.get_plan()
        except (yaml.YAMLError, ValueError):
            return None

    def _checks(self, plan: pebble.Plan | None) -> tuple[str, ...]:
        return tuple(plan.checks if plan else self._container.get_checks())

    def _stop(self, services: list[str]) -> None:
        if services:
            self._container.stop(*services)

    def _add_layer(self, layer: pebble.Layer) -> None:
        try:
            self._container.add_layer(LABEL, layer, combine=True)
        except pebble.APIError as error:
            if error.code == http.HTTPStatus.BAD_REQUEST:  # the old plan is better than no server
                self._start_again()
            raise

    def _start(self) -> bool:
        """Start the server; return False if Pebble is restarting it on its own."""
        try:
            # A replan would also start a service of the image that has run before.
            self._container.start(SERVICE)
        except pebble.ChangeError as error:
            if _IS_STOPPING not in error.err:
                raise
            return False
        return True

    def _start_again(self) -> None:
        try:
            self._container.start(SERVICE)
        except (pebble.Error, RuntimeError):
            logger.warning("the server does not start again with its old plan")

    def _stop_checks(self, wanted: pebble.Layer) -> None:
        """Stop the checks that the layer disables, which Pebble would keep running."""
        names = [
            name
            for name, check in wanted.checks.items()
            if check.startup is pebble.CheckStartup.DISABLED
        ]
        running = [
            name
            for name, info in (self._container.get_checks(*names) if names else {}).items()
            if info.status is not pebble.CheckStatus.INACTIVE
        ]
        if running:
            self._container.stop_checks(*running)

    def _health(self, services: _Services) -> Health:
        service = services.get(SERVICE)
        if service is None:
            return Condition.NOT_IN_PLAN
        is_restarting = service.current == "backoff"
        if not is_restarting and not service.is_running():
            return Condition.STOPPED
        failed = self._failed_checks()
        if is_restarting and (READY_CHECK not in failed or self._has_failed_to_start()):
            return Failing("the server exited, will restart")
        if READY_CHECK in failed:
            return Condition.UNHEALTHY
        return Condition.WITHOUT_DATABASE if DATABASE_CHECK in failed else Condition.RUNNING

    def _failed_checks(self) -> frozenset[str]:
        try:
            checks = self._container.get_checks(READY_CHECK, DATABASE_CHECK)
        except pebble.APIError:  # the server runs; one failed request changes nothing
            return frozenset()
        down = pebble.CheckStatus.DOWN
        return frozenset(name for name, check in checks.items() if check.status is down)

    def _has_failed_to_start(self) -> bool:
        """Whether the latest start failed. Pebble does not tell what became of its own restarts."""
        all_changes = self._container.pebble.get_changes(pebble.ChangeState.ALL, SERVICE)
        changes = [change for change in all_changes if _IS_STOPPING not in (change.err or "")]
        latest = max(changes, key=lambda change: change.spawn_time, default=None)
        return latest is not None and bool(latest.err)


def _ca(state: CharmState) -> str | None:
    """Return the CA that the server needs in a file, or None."""
    if isinstance(state.database, Connected) and state.database.tls.enabled:
        return state.database.tls.ca
    return None


def _is_down(services: _Services) -> bool:
    """Whether our service is stopped, and Pebble is not about to start it."""
    service = services.get(SERVICE)
    down = (pebble.ServiceStatus.INACTIVE, pebble.ServiceStatus.ERROR)
    return service is not None and service.current in down


def _reason_to_start(services: _Services, others: list[str]) -> str:
    """Return why an event starts the server although the plan does not change."""
    reasons = [f"stops {', '.join(others)}, as only one server may run"] if others else []
    if _is_down(services):
        current = services[SERVICE].current
        state = current.value if isinstance(current, pebble.ServiceStatus) else current
        reasons.append(f"starts again, as Pebble reported it as {state}")
    return "; ".join(reasons)


def _ask_pebble(question: Callable[[], _T]) -> _T | Condition | Refused | Unknown | Failing:
    try:
        return question()
    except pebble.ChangeError as error:
        return Failing(_reason(error.err))  # str(error) would quote the server's output
    except pebble.APIError as error:
        reason = _reason(str(error))
        return Refused(reason) if error.code == http.HTTPStatus.BAD_REQUEST else Unknown(reason)
    except (pebble.PathError, pebble.ProtocolError, pebble.TimeoutError) as error:
        return Unknown(_reason(str(error)))
    except (pebble.Error, http.client.HTTPException, OSError):  # Pebble died while it answered
        return Condition.UNREACHABLE


def _reason(text: str) -> str:
    """Return Pebble's error on one line; of nested errors, the innermost."""
    reasons = _TASK_ERROR.findall(text)
    return " ".join((reasons[-1] if reasons else text).split())


def _difference(plan: pebble.Plan | None, wanted: pebble.Layer) -> str:
    """Return the names of what a layer changes; values may be secret."""
    new = wanted.services[SERVICE]
    old = plan.services.get(SERVICE) if plan else None
    if plan is None or old is None:
        return f"starts as {new.command!r}"
    names = sorted(
        name
        for name in old.environment.keys() | new.environment.keys()
        if old.environment.get(name) != new.environment.get(name)
    )
    if old.command != new.command:
        names.insert(0, "command")
    names += sorted(
        name
        for name, service in wanted.services.items()
        if name != SERVICE and plan.services.get(name) != service
    )
    return f"changes {', '.join(names) or 'description and checks'}"
