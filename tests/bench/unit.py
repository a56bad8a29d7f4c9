"""A unit: runs a charm's ``dispatch`` for an event, as Juju does, and measures it."""

import subprocess
import sys
from pathlib import Path

from pydantic import BaseModel

from bench.juju import HookTools, Model, environment
from bench.life import Event

_METER = Path(__file__).with_name("meter.py")


class WrongLifeError(Exception):
    """The charm did not do what the script expects; its figures would say nothing."""


class Metered(BaseModel):
    """What one dispatch took from the machine, with all the processes that it waited for."""

    code: int
    wall_ms: float
    cpu_ms: float
    peak_mib: float


class Unit:
    """A unit with a directory; the charm is to be laid out in :attr:`charm`."""

    def __init__(self, directory: Path) -> None:
        self.charm = directory / "charm"
        self._report = directory / "report.json"
        self._output = directory / "output"
        self._tools = HookTools(directory)

    def begin(self) -> None:
        """Begin a new life, without a memory of the one before."""
        (self.charm / ".unit-state.db").unlink(missing_ok=True)

    def dispatch(self, event: Event, model: Model) -> tuple[Metered, tuple[str, ...]]:
        """Return what an event cost, and the hook tools that the charm called."""
        self._tools.prepare(model)
        subprocess.run(
            [sys.executable, "-IS", _METER, self._report, self._output, self.charm / "dispatch"],
            env=environment(event.hook, self.charm, self._tools.path) | event.environment,
            cwd=self.charm,
            check=True,
        )
        metered = Metered.model_validate_json(self._report.read_text())
        calls = self._tools.calls(model)
        if metered.code != 0:  # ops reports what was raised by juju-log, if it comes so far
            said = "\n".join((*calls[-2:], self._output.read_text()))
            raise WrongLifeError(f"{event.name} ended with code {metered.code}:\n{said}")
        return metered, calls
