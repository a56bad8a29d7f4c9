"""The workload container: a real Pebble at the place where a charm looks for it."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from realparts.stage import Stage, alone
from realparts.tools import MissingToolError

_PLACE = Path("/charm/containers/demo-server/pebble.socket")
_WRITE = re.compile(r"^\S+ \[pebble\] (?:POST|PUT|DELETE) /v1/", re.MULTILINE)
_START = re.compile(r'^\S+ \[pebble\] Service "[^"]+" starting:', re.MULTILINE)


class NoPlaceError(MissingToolError):
    """Pebble's socket cannot be put where charms look for it. The text says what to do."""


@contextmanager
def place_for_socket(socket: Path) -> Iterator[None]:
    """Let charms find Pebble at ``socket``, once there is one, where they look for it."""
    with alone("socket"):
        missing = [path for path in _PLACE.parents if not path.exists()]
        try:
            _PLACE.parent.mkdir(parents=True, exist_ok=True)
            if _PLACE.is_symlink():  # left by a run that was killed
                _PLACE.unlink()
            _PLACE.symlink_to(socket)
        except PermissionError:
            raise NoPlaceError(
                f"A link at {_PLACE} is needed: run this as root, or make that directory yourself"
            ) from None
        except FileExistsError:
            raise NoPlaceError(f"{_PLACE} is a container's own: use another machine") from None
        try:
            yield
        finally:
            _PLACE.unlink()
            for directory in missing:
                directory.rmdir()


@dataclass(frozen=True)
class Activity:
    """What Pebble was asked for, and did."""

    writes: int
    starts: int


class WorkloadContainer:
    """The container of one life."""

    def __init__(self, parts: Stage, socket: Path) -> None:
        self._parts = parts
        self._socket = socket
        self._seen = 0

    @property
    def port(self) -> int:
        """The port for the server."""
        return self._parts.server.port

    @contextmanager
    def visible(self) -> Iterator[None]:
        """Let the charm see Pebble."""
        self._socket.symlink_to(self._parts.pebble.log.with_name(".pebble.socket"))
        try:
            yield
        finally:
            self._socket.unlink()

    def settle(self) -> None:
        """Wait until the server has come up if it runs, and forget what was until then."""
        if self._parts.pebble.processes():
            self._parts.server.wait_until_up()
        self.activity()

    def activity(self) -> Activity:
        """Return what has happened since the last time, from Pebble's own log."""
        time.sleep(0.05)  # Pebble logs a request after it has answered
        log = self._parts.pebble.log.read_text(errors="replace")
        news, self._seen = log[self._seen :], len(log)
        return Activity(writes=len(_WRITE.findall(news)), starts=len(_START.findall(news)))
