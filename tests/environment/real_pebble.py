"""A real Pebble, run as Juju runs it in a workload container."""

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

from ops import pebble

from environment.sandbox import Sandbox
from environment.waiting import wait_for


class Pebble:
    """A Pebble daemon with its own directory; its services end with it.

    Args:
        executable: The program.
        directory: Where it keeps its files.
        env: What the image adds to the environment of all that runs in the container.
        sandbox: Where it runs, if not in the file system that we see.
    """

    def __init__(
        self,
        executable: Path,
        directory: Path,
        env: Mapping[str, str],
        sandbox: Sandbox | None = None,
    ) -> None:
        command: list[str | Path] = [executable, "run", "--create-dirs", "--hold", "--verbose"]
        self._command = sandbox.command(*command) if sandbox else command
        self._directory = directory
        self._env = dict(env)
        self._process: subprocess.Popen[bytes] | None = None
        self.log = directory / "pebble.log"
        directory.mkdir(parents=True, exist_ok=True)

    @property
    def socket(self) -> Path:
        """Where the daemon listens."""
        return self._directory / ".pebble.socket"

    @property
    def client(self) -> pebble.Client:
        """A new client of the daemon, whether that runs or not."""
        return pebble.Client(socket_path=str(self.socket))

    def start(
        self,
        image_layers: Mapping[str, str] | None = None,
        *,
        env: Mapping[str, str] | None = None,
    ) -> None:
        """Start the daemon as a new container does: with what is in the image, and no more."""
        layers = self._directory / "layers"
        layers.mkdir(exist_ok=True)
        for old in layers.iterdir():
            old.unlink()
        for name, text in (image_layers or {}).items():
            (layers / name).write_text(text)
        (self._directory / ".pebble.state").unlink(missing_ok=True)
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                env={**os.environ, **self._env, **(env or {}), "PEBBLE": str(self._directory)},
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        wait_for("Pebble's socket", self._answers)

    def _answers(self) -> bool:
        try:
            self.client.get_system_info()
        except (pebble.ConnectionError, FileNotFoundError):
            return False
        return True

    def processes(self, pattern: str = "uvicorn") -> frozenset[int]:
        """Return the ids of the daemon's children whose command line has the pattern in it."""
        if self._process is None:
            return frozenset()
        return frozenset(
            process
            for process in _children(self._process.pid)
            if pattern in _read(process, "cmdline")
        )

    def server_log(self, lines: int) -> list[str]:
        """Return the last lines that the server has written."""
        log = self.log.read_text(errors="replace").splitlines()
        return [line for line in log if "[fastapi-service]" in line][-lines:]

    def environment(self, service: str = "fastapi-service") -> dict[str, str]:
        """Return the environment that the plan gives a service."""
        return self.client.get_plan().services[service].environment

    @staticmethod
    def process_environment(process: int) -> str:
        """Return the environment that a process really has."""
        return _read(process, "environ")

    @staticmethod
    def command_line(process: int) -> str:
        """Return the words of a process's command, each with a zero byte after it."""
        return _read(process, "cmdline")

    def stop(self) -> None:
        """Stop the daemon and its services."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(timeout=30)
        self._process = None

    def kill(self) -> None:
        """Kill the daemon and its services, as when the container is killed."""
        if self._process is None:
            return
        children = list(_children(self._process.pid))
        self._process.kill()
        self._process.wait(timeout=30)
        self._process = None
        for pid in children:
            os.kill(pid, signal.SIGKILL)


def _children(parent: int) -> Iterator[int]:
    for directory in Path("/proc").glob("[0-9]*"):
        process = int(directory.name)
        # After the command's name, which may have spaces and parentheses: state and parent.
        stat = _read(process, "stat").rpartition(")")[2].split()
        if stat and int(stat[1]) == parent:
            yield process


def _read(process: int, file: str) -> str:
    """Return what /proc says about a process, nothing if it has ended."""
    try:
        return Path(f"/proc/{process}/{file}").read_text(errors="replace")
    except OSError:
        return ""
