"""The demo server in its container: make it run what the state says, and see how it does."""

import http.client
import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Literal, TypeAlias, TypeVar

import ops
from ops import pebble

import layer
from config import FastAPIConfig, InvalidConfig
from postgresql_client import Answer, NotRelated

logger = logging.getLogger(__name__)

_T = TypeVar("_T")
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
    """Pebble answers, but did not do what it was asked for."""

    reason: str


@dataclass(frozen=True)
class Failing:
    """The server does not start, or exits again and again; Pebble keeps trying."""

    reason: str


class Change(Enum):
    """What was done to the server."""

    RESTARTED = "started, with something new or again"
    NONE = "there was nothing to do"


_Trouble: TypeAlias = Literal[Condition.UNREACHABLE] | Refused | Failing
Health: TypeAlias = Condition | Refused | Failing
Outcome: TypeAlias = Change | _Trouble


class DemoServer:
    """The service in the container. Nothing here raises for what Pebble or the server do."""

    def __init__(self, container: ops.Container) -> None:
        self._container = container

    def apply(self, config: FastAPIConfig | InvalidConfig, database: Answer) -> Outcome:
        """Make exactly one server run, ours, with this config and this database.

        With invalid config what runs, runs on; only credentials that are dead go all the same.
        """
        outcome = _ask_pebble(lambda: self._apply(config, database))
        if isinstance(outcome, Refused | Failing):
            logger.error("Pebble: %s", outcome.reason)
        return outcome

    def _apply(self, config: FastAPIConfig | InvalidConfig, database: Answer) -> Outcome:
        container = self._container
        plan = container.get_plan()
        if isinstance(config, FastAPIConfig):
            port, variables = config.server_port, layer.environment(database, config, plan)
        else:
            running_port = layer.connected_port(plan)
            if running_port is None or not isinstance(database, NotRelated):
                return Change.NONE
            port, variables = running_port, {}
        wanted = layer.build(port, variables, plan)
        ca_file = layer.ca_file(database)

        if ca_file is not None and not container.exists(ca_file.path):
            container.push(ca_file.path, ca_file.ca.pem, make_dirs=True)
        is_down = self._stop_other_services()
        is_changed = not layer.is_in(wanted, plan)
        if not is_changed and not is_down:
            return Change.NONE
        # The layer comes last before the replan: what fails earlier is tried again by the next
        # event, which finds the plan different still.
        if is_changed:
            logger.info("%s: %s", layer.SERVICE, _difference(plan, wanted))
            self._stop_checks(wanted)
            container.add_layer(layer.LABEL, wanted, combine=True)
        container.replan()
        self._remove_ca_files(but=variables.get("PGSSLROOTCERT"))
        return Change.RESTARTED

    def _stop_checks(self, wanted: pebble.Layer) -> None:
        """Stop the checks that the layer disables: Pebble lets those that run run on."""
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

    def _stop_other_services(self) -> bool:
        """Stop the image's own services, and tell whether ours has to be started."""
        is_down = False
        for name, service in self._container.get_services().items():
            if name == layer.SERVICE:
                is_down = service.current in (
                    pebble.ServiceStatus.INACTIVE,
                    pebble.ServiceStatus.ERROR,
                )
            elif service.current is not pebble.ServiceStatus.INACTIVE:
                logger.info("stopping the image's own service %s", name)
                self._container.stop(name)
        return is_down

    def _remove_ca_files(self, *, but: str | None) -> None:
        try:
            if self._container.isdir(layer.CA_DIRECTORY):
                for file in self._container.list_files(layer.CA_DIRECTORY):
                    if file.path != but:
                        self._container.remove_path(file.path)
        except pebble.PathError as error:  # a CA is no secret, and the server runs without it
            logger.warning("cannot remove a CA that is no longer used: %s", error.message)

    def health(self) -> Health:
        """See how the server does, now."""
        return _ask_pebble(self._health)

    def _health(self) -> Health:
        service = self._container.get_services(layer.SERVICE).get(layer.SERVICE)
        if service is None:
            return Condition.UNPLANNED
        if service.current == "backoff":
            return Failing(self._failure())
        if not service.is_running():
            return Condition.STOPPED
        check = self._container.get_checks(layer.CHECK).get(layer.CHECK)
        return (
            Condition.UNWELL
            if check and check.status is pebble.CheckStatus.DOWN
            else Condition.RUNNING
        )

    def _failure(self) -> str:
        """Return why the service does not stay up, in Pebble's words where it has any."""
        changes = self._container.pebble.get_changes(pebble.ChangeState.ALL, layer.SERVICE)
        latest = max(changes, key=lambda change: change.spawn_time, default=None)
        if latest is not None and latest.err:
            return _reason(latest.err)
        return "the server exited, will restart"


def _ask_pebble(question: Callable[[], _T]) -> _T | _Trouble:
    try:
        return question()
    except pebble.ChangeError as error:
        return Failing(_reason(error.err))  # not str(error), which quotes the server's output
    except (pebble.APIError, pebble.PathError, pebble.ProtocolError, pebble.TimeoutError) as error:
        return Refused(_reason(str(error)))
    except (pebble.Error, http.client.HTTPException, OSError):  # killed in the middle of an answer
        return Condition.UNREACHABLE


def _reason(text: str) -> str:
    """Return Pebble's error in one line, and only its innermost part where it is nested."""
    reasons = _TASK_ERROR.findall(text)
    return " ".join((reasons[-1] if reasons else text).split())


def _difference(plan: pebble.Plan, wanted: pebble.Layer) -> str:
    """Say what a layer changes, by name: values may be secret."""
    new = wanted.services[layer.SERVICE]
    old = plan.services.get(layer.SERVICE)
    if old is None:
        return f"starts as {new.command!r}"
    names = sorted(
        name
        for name in old.environment.keys() | new.environment.keys()
        if old.environment.get(name) != new.environment.get(name)
    )
    if old.command != new.command:
        names.insert(0, "command")
    names += sorted(wanted.services.keys() - {layer.SERVICE})
    return f"changes {', '.join(names) or 'checks'}"
