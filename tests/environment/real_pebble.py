"""A real Pebble, run as Juju runs it in a workload container."""

import os
import re
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

from ops import pebble

from environment import images, tools
from environment.images import Image
from environment.waiting import wait_for

_ROCK_USER = 584792
# Root becomes a user who can change nothing, but can read a Python in root's home.
_AS_ROCK_USER = (
    *(shutil.which("setpriv") or "setpriv", f"--reuid={_ROCK_USER}", f"--regid={_ROCK_USER}"),
    *("--clear-groups", "--inh-caps=-all,+dac_read_search", "--ambient-caps=+dac_read_search"),
)
_WRITE = re.compile(r"^\S+ \[pebble\] (?:POST|PUT|DELETE) /v1/", re.MULTILINE)


class Pebble:
    """A Pebble daemon of an image, in a directory of its own; its services end with it."""

    def __init__(self, directory: Path, image: Image) -> None:
        self._executable = tools.pebble()
        self._command: list[str | Path] = [
            self._executable,
            "run",
            "--create-dirs",
            "--hold",
            "--verbose",
        ]
        self._directory = directory
        self._image = image
        self._env = images.environment() if image.env is None else image.env
        self._process: subprocess.Popen[bytes] | None = None
        self.log = directory / "pebble.log"
        directory.mkdir(parents=True, exist_ok=True)
        if image.is_rock and os.geteuid() == 0:
            self._command = [*_AS_ROCK_USER, *self._command]
            try:
                subprocess.run([*_AS_ROCK_USER, "true"], check=True, capture_output=True)
            except (OSError, subprocess.CalledProcessError):
                message = "root lacks setpriv or CAP_DAC_READ_SEARCH: run this as another user"
                raise tools.MissingToolError(message) from None
            os.chown(directory, _ROCK_USER, _ROCK_USER)

    @property
    def socket(self) -> Path:
        return self._directory / ".pebble.socket"

    @property
    def client(self) -> pebble.Client:
        """A new client of the daemon, whether that runs or not."""
        return pebble.Client(socket_path=str(self.socket))

    def start(self, *, layer: str | None = None) -> None:
        """Start the daemon as a new container does: with what is in the image, and no more.

        Args:
            layer: The layer of another image.
        """
        file = self._directory / "layers" / "001-image.yaml"
        file.parent.mkdir(exist_ok=True)
        file.write_text((self._image.layer if layer is None else layer) or "{}")
        (self._directory / ".pebble.state").unlink(missing_ok=True)
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                env={**os.environ, **self._env, "PEBBLE": str(self._directory)},
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd="/" if self._image.is_rock else self._directory,
                start_new_session=True,
            )
        wait_for("Pebble's socket", self._answers)

    def _answers(self) -> bool:
        try:
            self.client.get_system_info()
        except (pebble.ConnectionError, FileNotFoundError):
            return False
        return True

    @property
    def is_ready(self) -> bool:
        """What Kubernetes asks before it sends requests to the pod."""
        checks = self.client.get_checks(level=pebble.CheckLevel.READY)
        return all(check.status is not pebble.CheckStatus.DOWN for check in checks)

    def processes(self, pattern: str = "uvicorn") -> frozenset[int]:
        """Return the ids of the daemon's children whose command line has the pattern in it."""
        # In stat, after the name, which may have spaces and parentheses: state and parent.
        return frozenset(
            process
            for process in (int(each.name) for each in Path("/proc").glob("[0-9]*"))
            if self._process is not None
            and _read(process, "stat").rpartition(")")[2].split()[1:2] == [str(self._process.pid)]
            and pattern in _read(process, "cmdline")
        )

    def writes(self) -> int:
        """Return how often the daemon was asked to change something, as its log says."""
        self.client.get_system_info()
        time.sleep(0.05)  # it logs a request after it has answered
        return len(_WRITE.findall(self.log.read_text(errors="replace")))

    def run_check(self, name: str) -> None:
        """Have the daemon run a check now, and count how that goes."""
        subprocess.run(
            [self._executable, "check", "--refresh", name],
            env={**os.environ, "PEBBLE": str(self._directory)},
            capture_output=True,
            check=True,
        )

    def server_log(self, lines: int) -> list[str]:
        """Return the last lines that the server has written."""
        log = self.log.read_text(errors="replace").splitlines()
        return [line for line in log if "[fastapi-service]" in line][-lines:]

    def environment(self, service: str = "fastapi-service") -> dict[str, str]:
        """Return the environment that the plan gives a service."""
        return self.client.get_plan().services[service].environment

    @staticmethod
    def words(process: int) -> frozenset[str]:
        """Return the words of a process's command, and its variables as ``NAME=value``."""
        text = f"{_read(process, 'cmdline')}\0{_read(process, 'environ')}"
        return frozenset(word for word in text.split("\0") if not word.startswith("PYTEST_"))

    def kill(self) -> None:
        """Kill the daemon and its services, as when the container is killed."""
        if self._process is None:
            return
        services = self.processes("")
        self._process.kill()
        self._process.wait(timeout=30)
        self._process = None
        for pid in services:
            with suppress(ProcessLookupError):  # it has ended by itself
                os.kill(pid, signal.SIGKILL)


def _read(process: int, file: str) -> str:
    """Return what /proc says about a process, nothing if it has ended."""
    try:
        return Path(f"/proc/{process}/{file}").read_text(errors="replace")
    except OSError:
        return ""
