"""A unit whose charm runs as on a real one: its ``dispatch``, hook tools, and Pebble at its place.

Only the hook tools are stubs. The unit and its container are in a sandbox.
"""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from environment import tools
from environment.hook_tools import HookTools
from environment.juju_model import CONTAINER, UNIT, Event, JujuModel
from environment.real_pebble import Pebble
from environment.sandbox import Sandbox, sandbox

_IMAGE = Path(__file__).with_name("stub_image")
_MODEL_UUID = "01234567-89ab-4cde-8f01-23456789abcd"
_WRITE = re.compile(r"^\S+ \[pebble\] (?:POST|PUT|DELETE) /v1/", re.MULTILINE)
_START = re.compile(r'^\S+ \[pebble\] Service "[^"]+" starting:', re.MULTILINE)


class FailedHookError(Exception):
    """A hook failed that should not. The text has the last of what it said."""


@dataclass(frozen=True)
class Dispatch:
    """What one run of the charm did and took."""

    exit_code: int
    calls: tuple[str, ...]
    """The hook tools that were called, with their arguments."""
    output: str
    """What the charm wrote to standard output and standard error."""
    writes: int
    """Requests to Pebble that may change something."""
    starts: int
    """Services that Pebble has started."""
    cpu: float
    """Seconds of CPU: the charm's and its hook tools'."""


class Container:
    """The workload container: a Pebble, and the paths where a charm looks for things."""

    def __init__(self, box: Sandbox, pebble: Pebble) -> None:
        self._socket = box.charm / "containers" / CONTAINER / "pebble.socket"
        self._socket.parent.mkdir(parents=True)
        self._seen = 0
        self.sandbox = box
        self.pebble = pebble
        self.ca_directory = box.tmp / "fastapi-demo"
        """Where the charm puts CA files."""

    def show_pebble(self, socket: Path | None = None) -> None:
        """Let the charm find Pebble, or what listens at ``socket``, where it looks for it."""
        self._socket.unlink(missing_ok=True)
        self._socket.symlink_to(socket or self.pebble.socket)

    def activity(self) -> tuple[int, int]:
        """Return how often Pebble was written to, and started a service, since the last time."""
        time.sleep(0.05)  # Pebble logs a request after it has answered
        log = self.pebble.log.read_text(errors="replace")
        news, self._seen = log[self._seen :], len(log)
        return len(_WRITE.findall(news)), len(_START.findall(news))


class Unit:
    """A unit of a charm that lies unpacked in a directory, and has seen no event yet."""

    def __init__(self, charm: Path, directory: Path, container: Container) -> None:
        self._charm = charm
        self._directory = directory
        self._container = container
        self._tools = HookTools(directory)
        (charm / ".unit-state.db").unlink(missing_ok=True)

    def run(self, event: Event, model: JujuModel, fault: tuple[str, int] | None = None) -> Dispatch:
        """Run the charm for an event; the model takes what it wrote, unless the hook failed.

        Args:
            event: The event.
            model: What Juju knows.
            fault: What goes wrong in a hook tool: see :meth:`HookTools.prepare`.
        """
        self._container.activity()
        self._tools.prepare(model, fault)
        with (self._directory / "output").open("w+", errors="replace") as output:
            process = subprocess.Popen(
                self._container.sandbox.command(
                    "env", f"--chdir={self._charm}", self._charm / "dispatch"
                ),
                env=self._environment(event),
                stdout=output,
                stderr=subprocess.STDOUT,
            )
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            output.seek(0)
            text = output.read()
        calls = self._tools.calls()
        if process.returncode == 0:
            for call, written in calls:
                model.take(call, written)
        writes, starts = self._container.activity()
        return Dispatch(
            exit_code=process.returncode,
            calls=tuple(call for call, _ in calls),
            output=text,
            writes=writes,
            starts=starts,
            cpu=used.ru_utime + used.ru_stime,
        )

    def run_well(self, event: Event, model: JujuModel) -> Dispatch:
        """Run the charm for an event; raise :class:`FailedHookError` if the hook fails."""
        done = self.run(event, model)
        if done.exit_code != 0:  # ops reports what was raised by juju-log, if it comes so far
            said = "\n".join((*done.calls[-2:], done.output))
            raise FailedHookError(f"{event.hook} ended with code {done.exit_code}:\n{said}")
        return done

    def _environment(self, event: Event) -> Mapping[str, str]:
        return {
            "HOME": str(self._directory),
            "LANG": "C.UTF-8",
            "PATH": f"{self._tools.path}:/usr/bin:/bin",
            "JUJU_CHARM_DIR": str(self._charm),
            "JUJU_DISPATCH_PATH": f"hooks/{event.hook}",
            "JUJU_HOOK_NAME": event.hook,
            "JUJU_MODEL_NAME": "model",
            "JUJU_MODEL_UUID": _MODEL_UUID,
            "JUJU_UNIT_NAME": UNIT,
            "JUJU_VERSION": "3.6.9",
            **event.variables,
        }


@contextmanager
def run_container(directory: Path) -> Iterator[Container]:
    """Run a container with a stub of the server. The charm does not see Pebble yet.

    Args:
        directory: For all that belongs to the container. What is in it is visible to charms.

    Raises:
        MissingToolError: when there is no Pebble, or no sandbox.
    """
    executable = tools.pebble()
    path = os.pathsep.join((str(_IMAGE), str(Path(sys.executable).parent), os.environ["PATH"]))
    with sandbox(directory, executable.parent) as box:
        pebble = Pebble(executable, directory / "pebble", {"PATH": path}, box)
        try:
            pebble.start()
            yield Container(box, pebble)
        finally:
            pebble.stop()
