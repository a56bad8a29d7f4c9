"""All the real parts together, set up and taken down. Several runs at once have nothing in common."""

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

import pebble_layer
from environment import tools
from environment.demo_server import Server
from environment.free_ports import free_port
from environment.real_pebble import Pebble
from environment.real_postgresql import PostgreSQL
from environment.real_prometheus import Prometheus
from environment.simulated_juju import Juju

_IMAGE = Path(__file__).with_name("image")


@dataclass
class Stage:
    """The parts, while they are up."""

    pebble: Pebble
    juju: Juju
    server: Server
    ca_directory: Path
    """Where the charm puts CA files: on a real unit, a path in the container."""


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
def run_prometheus(*, preferred_port: int = 0) -> Iterator[Prometheus]:
    """Run a Prometheus that scrapes nothing yet."""
    executable = tools.prometheus().prometheus
    with temporary_directory() as directory:
        port = free_port(preferred=preferred_port)
        prometheus = Prometheus(executable, directory / "prometheus", port)
        try:
            prometheus.start()
            yield prometheus
        finally:
            prometheus.stop()


@contextmanager
def run_stage(*, preferred_port: int = 0) -> Iterator[Stage]:
    """Run a container with a Pebble, and simulate a Juju that has not deployed the charm yet."""
    with temporary_directory() as directory:
        ca_directory = directory / "fastapi-demo"
        pebble = Pebble(tools.pebble(), directory / "pebble", image_environment())
        try:
            pebble.start()
            port = free_port(preferred=preferred_port)
            with patch.object(pebble_layer, "CA_DIRECTORY", str(ca_directory)):
                yield Stage(pebble, Juju(pebble, server_port=port), Server(port), ca_directory)
        finally:
            pebble.stop()


def image_environment() -> dict[str, str]:
    """Return what the image brings: the program, and a Python to run it with.

    Raises:
        MissingToolError: when ``DEMO_SERVER`` in the environment does not name such a program.
    """
    program = Path(os.environ.get("DEMO_SERVER") or _IMAGE).resolve()
    if not (program / "api_demo_server").is_dir():
        raise tools.MissingToolError(f"there is no api_demo_server in {program}: see DEMO_SERVER")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {"PATH": path, "PYTHONPATH": str(program), "PYTHONUNBUFFERED": "1"}


@contextmanager
def temporary_directory() -> Iterator[Path]:
    """Make a directory that other users may look into: PostgreSQL's may not be root."""
    directory = Path(tempfile.mkdtemp(prefix="fastapi-demo-"))
    directory.chmod(0o755)
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)
