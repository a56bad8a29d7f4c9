"""A real Prometheus, which reads its configuration again when that has changed."""

import http.client
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

from environment.prometheus_charm import Configuration
from environment.waiting import wait_for

_Answer = TypeVar("_Answer", bound=BaseModel)


class _Target(BaseModel):
    scrapeUrl: str  # noqa: N815 - Prometheus names it so
    health: str


class _Targets(BaseModel):
    activeTargets: tuple[_Target, ...]  # noqa: N815


class _TargetsAnswer(BaseModel):
    data: _Targets


class _Alert(BaseModel):
    labels: Mapping[str, str]
    state: str


class _Rule(BaseModel):
    name: str
    alerts: tuple[_Alert, ...]


class _Group(BaseModel):
    rules: tuple[_Rule, ...]


class _Groups(BaseModel):
    groups: tuple[_Group, ...]


class _RulesAnswer(BaseModel):
    data: _Groups


class Prometheus:
    """A Prometheus that scrapes nothing yet, in a directory of its own."""

    def __init__(self, executable: Path, directory: Path, port: int) -> None:
        self._executable = executable
        self._directory = directory
        self._process: subprocess.Popen[bytes] | None = None
        self.port = port

    @property
    def url(self) -> str:
        """Where a browser finds it."""
        return f"http://localhost:{self.port}"

    def start(self) -> None:
        """Start it, and return when it answers."""
        self._directory.mkdir()
        self._write(Configuration(main="{}", rules="{}"))
        with (self._directory / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    self._executable,
                    f"--config.file={self._directory / 'prometheus.yaml'}",
                    f"--storage.tsdb.path={self._directory / 'data'}",
                    f"--web.listen-address=127.0.0.1:{self.port}",
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is for us, who then stop it
            )
        wait_for("Prometheus", lambda: self._get("/-/ready"))

    def stop(self) -> None:
        """Stop it at once: nobody needs what it has gathered."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(timeout=30)
        self._process = None

    def follow(self, configuration: Configuration) -> list[str]:
        """Take another configuration; return what it scrapes, once the server there answers."""
        assert self._process is not None
        self._write(configuration)
        self._process.send_signal(signal.SIGHUP)
        return wait_for("a target that is up", self._targets_up)

    def _write(self, configuration: Configuration) -> None:
        (self._directory / "rules.yaml").write_text(configuration.rules)
        (self._directory / "prometheus.yaml").write_text(configuration.main)

    def _targets_up(self) -> list[str]:
        answer = self._ask("/api/v1/targets?state=active", _TargetsAnswer)
        return [target.scrapeUrl for target in answer.data.activeTargets if target.health == "up"]

    def alert(self, name: str) -> str:
        """Return the state of an alert: ``inactive``, ``pending`` or ``firing``.

        Raises:
            KeyError: when no rule has that name.
        """
        answer = self._ask("/api/v1/rules?type=alert", _RulesAnswer)
        rules = {rule.name: rule for group in answer.data.groups for rule in group.rules}
        return rules[name].alerts[0].state if rules[name].alerts else "inactive"

    def _ask(self, path: str, answer: type[_Answer]) -> _Answer:
        return answer.model_validate_json(self._get(path))

    def _get(self, path: str) -> bytes:
        """Return what it answers, nothing while it does not."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.read() if response.status == http.HTTPStatus.OK else b""
        except OSError:
            return b""
        finally:
            connection.close()
