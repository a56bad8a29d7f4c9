"""A real Traefik, configured as its charm does it for one application."""

import json
import signal
import socket
import subprocess
from pathlib import Path

from ops.testing import Relation
from pydantic import BaseModel, Field, Json

from environment.waiting import wait_for


class _Request(BaseModel):
    model: Json[str]
    name: Json[str]
    port: Json[int]
    strip_prefix: Json[bool] = Field(alias="strip-prefix")


class _Unit(BaseModel):
    host: Json[str]


class Traefik:
    """An ingress at a port of this machine, which routes by the first part of the path."""

    def __init__(self, executable: Path, directory: Path, port: int) -> None:
        self._executable = executable
        self._directory = directory
        self._routes = directory / "routes.yaml"
        self._port = port
        self._process: subprocess.Popen[bytes] | None = None
        directory.mkdir()
        self._routes.write_text("{}")

    def start(self) -> None:
        """Start without a route, and return when it listens."""
        with (self._directory / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    self._executable,
                    f"--entrypoints.web.address=127.0.0.1:{self._port}",
                    f"--providers.file.filename={self._routes}",
                    "--providers.providersthrottleduration=0.1s",
                    "--global.checknewversion=false",
                    "--global.sendanonymoususage=false",
                ],
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        wait_for("Traefik", self._listens)

    def route(self, relation: Relation) -> str:
        """Make the route that the requirer asks for; return its URL."""
        request = _Request.model_validate(relation.local_app_data)
        unit = _Unit.model_validate(relation.local_unit_data)
        name = f"{request.model}-{request.name}"
        router: dict[str, object] = {
            "entryPoints": ["web"],
            "rule": f"PathPrefix(`/{name}`)",
            "service": name,
        }
        server = {"url": f"http://{unit.host}:{request.port}"}
        routes: dict[str, object] = {
            "routers": {name: router},
            "services": {name: {"loadBalancer": {"servers": [server]}}},
        }
        if request.strip_prefix:
            router["middlewares"] = [name]
            routes["middlewares"] = {name: {"stripPrefix": {"prefixes": [f"/{name}"]}}}
        unfinished = self._routes.with_suffix(".json")  # which is YAML, too
        unfinished.write_text(json.dumps({"http": routes}))
        unfinished.rename(self._routes)
        return f"http://127.0.0.1:{self._port}/{name}"

    def _listens(self) -> bool:
        with socket.socket() as client:
            return client.connect_ex(("127.0.0.1", self._port)) == 0

    def stop(self) -> None:
        """Stop at once."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait(timeout=30)
        self._process = None
