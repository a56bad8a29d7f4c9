"""Lives: our charm and an empty one go through the script, on a real Pebble."""

from collections import defaultdict
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from bench import charm_directory
from bench.container import WorkloadContainer, place_for_socket
from bench.juju import Model
from bench.life import LIFE, PEBBLE_READY, QUIET, Event
from bench.report import Cost, Report
from bench.unit import Unit, WrongLifeError
from realparts.stage import stage
from realparts.tools import say

_EMPTY = "(empty charm)"
_QUIET_EVENTS = 10  # in a life, in turn with the empty charm's: a ratio takes many samples


class Lives:
    """Two units: one of our charm, one of an empty charm that shares its environment."""

    def __init__(self, charm: Path | None, directory: Path) -> None:
        """Lay out the packed ``charm``, or else the source tree."""
        self._name = charm.name if charm else "source tree"
        say(f"== Laying out the charm ({self._name}), and an empty one")
        self._socket = directory / "pebble.socket"
        self._ours = Unit(directory / "ours")
        self._empty = Unit(directory / "empty")
        if charm is None:
            charm_directory.from_sources(self._ours.charm)
        else:
            charm_directory.from_file(charm, self._ours.charm)
        charm_directory.empty(self._ours.charm, self._empty.charm)

    def live(self, number: int, *, rehearse: bool = True) -> Report:
        """Return what the events cost in a number of lives.

        Without a rehearsal the times are not those of a unit that has run before.
        """
        samples: defaultdict[str, list[Cost]] = defaultdict(list)
        with place_for_socket(self._socket):
            if rehearse:
                say("== A life that does not count: it leaves the bytecode that older units have")
                self._live()
            for count in range(1, number + 1):
                say(f"== Life {count} of {number}")
                for cost in self._live():
                    samples[cost.event].append(cost)
        pairs = zip(samples[QUIET], samples[_EMPTY], strict=True)
        return Report(
            charm=self._name,
            python=charm_directory.python_version(self._ours.charm),
            lives=number,
            events=tuple(Cost.of(samples[event.name]) for event in LIFE),
            empty=Cost.of(samples[_EMPTY]),
            cpu_ratio=median(ours.cpu_ms / empty.cpu_ms for ours, empty in pairs),
        )

    def _live(self) -> list[Cost]:
        costs = []
        with stage() as parts, ExitStack() as until_the_end:
            container = WorkloadContainer(parts, self._socket)
            model = Model({"server-port": container.port, "tls-verification": "verify-full"})
            self._ours.begin()
            self._empty.begin()
            self._empty.dispatch(LIFE[0], model)  # a first event makes the storage, and says so
            for event in LIFE:
                event.happening(model)
                if event is PEBBLE_READY:
                    until_the_end.enter_context(container.visible())
                for _ in range(_QUIET_EVENTS if event.name == QUIET else 1):
                    costs.append(_dispatch(event.name, self._ours, event, model, container))
                    if model.status != event.status:
                        raise WrongLifeError(
                            f"after {event.name} the unit is {model.status!r}, not {event.status!r}"
                        )
                    if event.name == QUIET:
                        costs.append(_dispatch(_EMPTY, self._empty, event, model, container))
        return costs


def _dispatch(
    name: str, unit: Unit, event: Event, model: Model, container: WorkloadContainer
) -> Cost:
    container.settle()
    metered, calls = unit.dispatch(event, model)
    activity = container.activity()
    return Cost(
        event=name,
        wall_ms=metered.wall_ms,
        cpu_ms=metered.cpu_ms,
        calls=calls,
        writes=activity.writes,
        restarts=activity.starts,
        peak_mib=metered.peak_mib,
    )
