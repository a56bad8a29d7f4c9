"""All the real parts together, set up and taken down. Several runs at once have nothing in common."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from unittest.mock import patch

import pebble_layer
from environment import tools
from environment.demo_server import Server
from environment.free_ports import free_port
from environment.images import PLAIN, Image
from environment.real_pebble import Pebble
from environment.real_postgresql import PostgreSQL
from environment.simulated_juju import Juju


@dataclass
class Stage:
    """The parts, while they are up."""

    pebble: Pebble
    juju: Juju
    server: Server
    port: int
    """The port that the charm is deployed with."""
    ca_directory: Path
    """Where the charm puts CA files: on a real unit, a path in the container."""

    def begin(self, layer: str | None = None) -> None:
        """Have a new container, and a Juju that has not deployed the charm yet.

        Args:
            layer: The layer of another image.
        """
        self.pebble.kill()
        self.pebble.start(layer=layer)
        for each in self.ca_directory.parent.iterdir():
            each.unlink() if each.is_symlink() else shutil.rmtree(each)
        self.server.port = self.port
        self.juju = Juju(self.pebble, server_port=self.port)


@contextmanager
def run_postgresql(*, with_tls: bool = False) -> Iterator[PostgreSQL]:
    """Run a PostgreSQL cluster."""
    programs = tools.postgresql(with_tls=with_tls)
    with temporary_directory() as directory:
        if os.geteuid() == 0:
            programs = tools.runnable_by_others(programs, directory / "programs")
        cluster = PostgreSQL(programs, directory / "postgresql", free_port())
        try:
            cluster.create()
            cluster.start()
            yield cluster
        finally:
            cluster.stop()


@contextmanager
def run_stage(image: Image = PLAIN, *, preferred_port: int = 0) -> Iterator[Stage]:
    """Run a container with a Pebble, and simulate a Juju that has not deployed the charm yet."""
    with temporary_directory() as directory:
        tmp = directory / "tmp"
        tmp.mkdir()
        tmp.chmod(0o1777)
        ca_directory = tmp / "fastapi-demo"
        port = free_port(preferred=preferred_port)
        pebble = Pebble(
            directory / "pebble", replace(image, layer=image.layer.replace("PORT", str(port)))
        )
        try:
            pebble.start()
            with patch.object(pebble_layer, "CA_DIRECTORY", str(ca_directory)):
                juju = Juju(pebble, server_port=port)
                yield Stage(pebble, juju, Server(port), port, ca_directory)
        finally:
            pebble.kill()


@contextmanager
def temporary_directory() -> Iterator[Path]:
    """Make a directory that other users may look into: PostgreSQL's may not be root."""
    directory = Path(tempfile.mkdtemp(prefix="fastapi-demo-"))
    directory.chmod(0o755)
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)
