"""The demo server in its container: make it run what the state says, and see how it does."""

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
from ca_files import CaFiles, CannotWriteError
from charm_state import AppliedConfig, CharmState
from pebble_layer import CHECK, LABEL, SERVICE
from postgresql_client import Connected, NotReady, NotRelated

logger = logging.getLogger(__name__)

_T = TypeVar("_T")
_Services: TypeAlias = Mapping[str, pebble.ServiceInfo]
_TASK_ERROR = re.compile(r"- .*? \((.*)\)$", re.MULTILINE)


class Condition(Enum):
    """How the server does, where there is no more to say."""

    UNREACHABLE = "Pebble does not answer"
    UNPLANNED = "the service is not in Pebble's plan yet"
    STOPPED = "the service is in the plan, but does not run"
    UNWELL = "the server runs, but does not answer as it should"
    RUNNING = "the server runs; where it is checked, it is well"


@dataclass(frozen=True)
class Refused:
    """Pebble answers, but does not do what it is asked for."""

    reason: str


@dataclass(frozen=True)
class Unknown:
    """Pebble failed to answer a question, so nothing is known."""

    reason: str


@dataclass(frozen=True)
class Failing:
    """The server does not start, or exits again and again; Pebble keeps trying."""

    reason: str


Health: TypeAlias = Condition | Refused | Unknown | Failing


@dataclass(frozen=True)
class Outcome:
    """What came of an attempt to make the server run as it should."""

    health: Health
    is_started: bool = False
    """Whether Pebble was asked to start the server, with something new or again."""
    holds_credentials: bool = False
    """Whether the server has credentials of the relation in force."""


class DemoServer:
    """The service in the container. Nothing here raises for what Pebble or the server do."""

    def __init__(self, container: ops.Container) -> None:
        self._container = container
        self._ca_files = CaFiles(container)

    def applied_config(self) -> AppliedConfig | None:
        """Return the options that the server was last started with, None while Pebble cannot say."""
        plan = _ask_pebble(lambda: self._plan() or pebble.Plan(""))
        return pebble_layer.applied_config(plan) if isinstance(plan, pebble.Plan) else None

    def apply(self, state: CharmState) -> Outcome:
        """Make exactly one server run, ours, with this state. What is right is left alone."""
        outcome = _ask_pebble(lambda: self._apply(state))
        if isinstance(outcome, Outcome):
            return outcome
        if isinstance(outcome, Refused | Unknown | Failing):
            logger.error("Pebble: %s", outcome.reason)
        return Outcome(outcome, is_started=isinstance(outcome, Failing))

    def _apply(self, state: CharmState) -> Outcome:
        container = self._container
        plan, services = self._plan(), container.get_services()
        is_answered = isinstance(state.database, Connected | NotRelated)
        if plan is None and SERVICE in services and not is_answered:
            return Outcome(self._health(services))  # with a database, perhaps: nobody can tell
        wanted = pebble_layer.build(state, plan or pebble.Plan(""), services, self._checks(plan))
        is_changed = plan is None or not pebble_layer.is_in(wanted, plan)
        ca = self._ca(state)
        if ca is not None:
            try:
                self._ca_files.provide(ca)
            except CannotWriteError as error:
                # Without its CA the answer is of no use, as if the provider had not sent it all.
                outcome = self._apply(replace(state, database=NotReady(missing=("tls-ca",))))
                return replace(outcome, health=Refused(str(error)))
        # Those that Pebble is about to start again count, too.
        running = [n for n, s in services.items() if s.current is not pebble.ServiceStatus.INACTIVE]
        others = [name for name in running if name != SERVICE]
        if not is_changed and not others and not _is_down(services):
            holds = pebble_layer.holds_credentials(plan, state.relation_id) if plan else False
            return Outcome(self._health(services), holds_credentials=holds)
        # Until the last step the server is stopped. So whatever step fails, or is the last before
        # the hook is killed, the next event finds that there is something left to do.
        if is_changed:
            logger.info("%s: %s", SERVICE, _difference(plan, wanted))
            self._stop(running)
            self._add_layer(wanted)
            self._stop_checks(wanted)
        else:
            self._stop(others)
        self._ca_files.remove(but=wanted.services[SERVICE].environment.get("PGSSLROOTCERT"))
        # Not by a replan, which would start an image's service again if it has run before.
        container.start(SERVICE)
        return Outcome(
            self._health(container.get_services()),
            is_started=True,
            holds_credentials=pebble_layer.holds_credentials(wanted, state.relation_id),
        )

    def _plan(self) -> pebble.Plan | None:
        """Return the plan, or None where it holds what ops cannot parse."""
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
            if error.code == http.HTTPStatus.BAD_REQUEST:  # what was there is better than nothing
                self._start_again()
            raise

    def _start_again(self) -> None:
        try:
            self._container.start(SERVICE)
        except (pebble.Error, RuntimeError):
            logger.warning("the server does not start again with what it had")

    def _stop_checks(self, wanted: pebble.Layer) -> None:
        """Stop the checks that the layer disables. Disabling a check does not stop it."""
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

    @staticmethod
    def _ca(state: CharmState) -> str | None:
        if isinstance(state.database, Connected) and state.database.tls.enabled:
            return state.database.tls.ca
        return None

    def health(self) -> Health:
        """See how the server does, now."""
        return _ask_pebble(lambda: self._health(self._container.get_services(SERVICE)))

    def _health(self, services: _Services) -> Health:
        service = services.get(SERVICE)
        if service is None:
            return Condition.UNPLANNED
        if service.current == "backoff":
            return Failing(self._failure())
        if not service.is_running():
            return Condition.STOPPED
        try:
            check = self._container.get_checks(CHECK).get(CHECK)
        except pebble.APIError:  # the server is known to run: one failed question is no trouble
            return Condition.RUNNING
        is_down = check is not None and check.status is pebble.CheckStatus.DOWN
        return Condition.UNWELL if is_down else Condition.RUNNING

    def _failure(self) -> str:
        """Return why the service does not stay up, in Pebble's words where it has any."""
        changes = self._container.pebble.get_changes(pebble.ChangeState.ALL, SERVICE)
        latest = max(changes, key=lambda change: change.spawn_time, default=None)
        if latest is not None and latest.err:
            return _reason(latest.err)
        return "the server exited, will restart"


def _is_down(services: _Services) -> bool:
    """Whether our service is stopped for good: Pebble does not start it again by itself."""
    service = services.get(SERVICE)
    down = (pebble.ServiceStatus.INACTIVE, pebble.ServiceStatus.ERROR)
    return service is not None and service.current in down


def _ask_pebble(question: Callable[[], _T]) -> _T | Condition | Refused | Unknown | Failing:
    try:
        return question()
    except pebble.ChangeError as error:
        return Failing(_reason(error.err))  # not str(error), which quotes the server's output
    except pebble.APIError as error:
        reason = _reason(str(error))
        return Refused(reason) if error.code == http.HTTPStatus.BAD_REQUEST else Unknown(reason)
    except (pebble.PathError, pebble.ProtocolError, pebble.TimeoutError) as error:
        return Unknown(_reason(str(error)))
    except (pebble.Error, http.client.HTTPException, OSError):  # killed in the middle of an answer
        return Condition.UNREACHABLE


def _reason(text: str) -> str:
    """Return Pebble's error in one line, and only its innermost part where it is nested."""
    reasons = _TASK_ERROR.findall(text)
    return " ".join((reasons[-1] if reasons else text).split())


def _difference(plan: pebble.Plan | None, wanted: pebble.Layer) -> str:
    """Say what a layer changes, by name: values may be secret."""
    new = wanted.services[SERVICE]
    old = plan.services.get(SERVICE) if plan else None
    if old is None:
        return f"starts as {new.command!r}"
    names = sorted(
        name
        for name in old.environment.keys() | new.environment.keys()
        if old.environment.get(name) != new.environment.get(name)
    )
    if old.command != new.command:
        names.insert(0, "command")
    names += sorted(wanted.services.keys() - {SERVICE})
    return f"changes {', '.join(names) or 'description and checks'}"
