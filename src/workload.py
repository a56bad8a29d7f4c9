"""The demo server in its container: make it run what the state says, and see how it does."""

import http.client
import logging
import re
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Literal, NamedTuple, TypeAlias, TypeVar

import ops
from ops import pebble

import layer
from config import FastAPIConfig, InvalidConfig
from postgresql_client import Answer, CaCertificates, Connected, NotRelated

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


class Refused(NamedTuple):
    """Pebble answers, but did not do what it was asked for."""

    reason: str


class Failing(NamedTuple):
    """The server does not start, or exits again and again; Pebble keeps trying."""

    reason: str


_Trouble: TypeAlias = Literal[Condition.UNREACHABLE] | Refused | Failing
Health: TypeAlias = Condition | Refused | Failing


class Outcome(NamedTuple):
    """What came of an attempt to make the server run as it should."""

    health: Health
    is_restarted: bool
    """Whether Pebble began to start the server, with something new or again."""


class DemoServer:
    """The service in the container. Nothing here raises for what Pebble or the server do."""

    def __init__(self, container: ops.Container) -> None:
        self._container = container

    def apply(self, config: FastAPIConfig | InvalidConfig, database: Answer) -> Outcome:
        """Make exactly one server run, ours, with this config and this database.

        With invalid config what runs, runs on; only credentials that are dead go all the same.
        """
        outcome = _ask_pebble(lambda: self._apply(config, database))
        if isinstance(outcome, Outcome):
            return outcome
        if isinstance(outcome, Refused | Failing):
            logger.error("Pebble: %s", outcome.reason)
        return Outcome(outcome, is_restarted=isinstance(outcome, Failing))

    def _apply(self, config: FastAPIConfig | InvalidConfig, database: Answer) -> Outcome:
        container = self._container
        plan, services = container.get_plan(), container.get_services()
        if isinstance(config, FastAPIConfig):
            port, variables = config.server_port, layer.environment(database, config, plan)
        else:
            running_port = layer.connected_port(plan)
            if running_port is None or not isinstance(database, NotRelated):
                return Outcome(self._health(services), is_restarted=False)
            port, variables = running_port, {}
        wanted = layer.build(port, variables, plan)
        if isinstance(database, Connected) and isinstance(database.tls, CaCertificates):
            self._provide_ca_file(database.tls)
        self._stop_others(services)
        is_changed = not layer.is_in(wanted, plan)
        if not is_changed and not _is_down(services):
            return Outcome(self._health(services), is_restarted=False)
        # The layer comes last before the replan: what fails earlier is tried again by the next
        # event, which finds the plan different still.
        if is_changed:
            logger.info("%s: %s", layer.SERVICE, _difference(plan, wanted))
            self._stop_checks(wanted)
            container.add_layer(layer.LABEL, wanted, combine=True)
        container.replan()
        self._remove_ca_files(but=variables.get("PGSSLROOTCERT"))
        return Outcome(self._health(container.get_services()), is_restarted=True)

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

    def _stop_others(self, services: _Services) -> None:
        """Stop the image's own services."""
        for name, service in services.items():
            if name != layer.SERVICE and service.current is not pebble.ServiceStatus.INACTIVE:
                logger.info("stopping the image's own service %s", name)
                self._container.stop(name)

    def _provide_ca_file(self, ca: CaCertificates) -> None:
        path = layer.ca_path(ca)
        if not self._container.exists(path):
            self._container.push(path, ca, make_dirs=True)

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
        return _ask_pebble(lambda: self._health(self._container.get_services(layer.SERVICE)))

    def _health(self, services: _Services) -> Health:
        service = services.get(layer.SERVICE)
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


def _is_down(services: _Services) -> bool:
    """Whether our service is in the plan, but stopped for good: Pebble does not start it again."""
    service = services.get(layer.SERVICE)
    down = (pebble.ServiceStatus.INACTIVE, pebble.ServiceStatus.ERROR)
    return service is not None and service.current in down


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
