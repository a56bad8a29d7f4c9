"""All the real parts together, set up and taken down."""

import fcntl
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from layer import CA_DIRECTORY
from realparts import tools
from realparts.juju import Juju
from realparts.pebble import Pebble
from realparts.ports import free_port
from realparts.postgres import PostgreSQL
from realparts.server import Server

_IMAGE = Path(__file__).with_name("image")
PREFERRED_PORT = 8000


@dataclass
class Stage:
    """The parts, while they are up."""

    pebble: Pebble
    juju: Juju
    server: Server


@contextmanager
def postgresql(*, with_tls: bool = False) -> Iterator[PostgreSQL]:
    """Run a PostgreSQL cluster."""
    programs = tools.postgresql(with_tls=with_tls)
    with _directory() as directory:
        cluster = PostgreSQL(programs, directory / "postgresql", free_port())
        cluster.create()
        cluster.start()
        try:
            yield cluster
        finally:
            cluster.stop()


@contextmanager
def stage() -> Iterator[Stage]:
    """Run a container with a Pebble, and play a Juju that has not deployed the charm yet."""
    with alone("container"), _directory() as directory:
        pebble = Pebble(tools.pebble(), directory / "pebble", _image_environment())
        pebble.start()
        try:
            port = free_port(preferred=PREFERRED_PORT)
            yield Stage(pebble, Juju(pebble, server_port=port), Server(port))
        finally:
            pebble.stop()
            shutil.rmtree(CA_DIRECTORY, ignore_errors=True)


@contextmanager
def alone(part: str) -> Iterator[None]:
    """Wait for other runs: a container has its files for itself, but this machine is shared."""
    lock = Path(tempfile.gettempdir()) / f"fastapi-demo-{part}.lock"
    if not lock.exists():
        lock.touch()
    with lock.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _image_environment() -> dict[str, str]:
    """Return what the image brings: the program, and a Python to run it with."""
    program = Path(os.environ.get("DEMO_SERVER") or _IMAGE).resolve()
    if not (program / "api_demo_server").is_dir():
        raise tools.MissingToolError(f"there is no api_demo_server in {program}: see DEMO_SERVER")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {"PATH": path, "PYTHONPATH": str(program), "PYTHONUNBUFFERED": "1"}


@contextmanager
def _directory() -> Iterator[Path]:
    """Make a directory that other users may look into: PostgreSQL's may not be root."""
    directory = Path(tempfile.mkdtemp(prefix="fastapi-demo-"))
    directory.chmod(0o755)
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)
