"""A real Pebble, run as Juju runs it in a workload container."""

import os
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path

from ops import pebble

from realparts.wait import wait_for


class Pebble:
    """A Pebble daemon with its own directory; its services end with it."""

    def __init__(self, executable: Path, directory: Path, env: Mapping[str, str]) -> None:
        self._executable = executable
        self._directory = directory
        self._env = dict(env)
        self._process: subprocess.Popen[bytes] | None = None
        self.log = directory / "pebble.log"
        directory.mkdir(parents=True, exist_ok=True)

    @property
    def client(self) -> pebble.Client:
        """A new client of the daemon, whether that runs or not."""
        return pebble.Client(socket_path=str(self._directory / ".pebble.socket"))

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
                [self._executable, "run", "--create-dirs", "--hold", "--verbose"],
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
        """Return the ids of the daemon's children whose command line has the pattern."""
        if self._process is None:
            return frozenset()
        found = subprocess.run(
            ["pgrep", "--parent", str(self._process.pid), "--full", pattern],
            capture_output=True,
            text=True,
            check=False,
        )
        return frozenset(map(int, found.stdout.split()))

    def environment(self, service: str = "fastapi-service") -> dict[str, str]:
        """Return the environment that the plan gives a service."""
        return self.client.get_plan().services[service].environment

    @staticmethod
    def process_environment(process: int) -> str:
        """Return the environment that a process really has."""
        return Path(f"/proc/{process}/environ").read_text()

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
        children = self.processes(".")
        self._process.kill()
        self._process.wait(timeout=30)
        self._process = None
        for pid in children:
            os.kill(pid, signal.SIGKILL)
