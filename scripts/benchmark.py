"""What an event costs, by the charm's own ``dispatch``: ``make bench``.

Counts hook commands, writes to Pebble, and starts of the server. Measures the CPU of a quiet event as a
multiple of an empty charm's: the median of pairs that run one after the other, since the speed of a
shared machine varies.
"""

import signal

signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C during the imports shows no traceback

import argparse
import json
import os
import resource
import shlex
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import NamedTuple

import yaml

from environment.certificates import CertificateAuthority
from environment.free_ports import free_port
from environment.images import STUB_IMAGE
from environment.programs import busy, exit_code, say
from environment.real_pebble import Pebble
from environment.stages import temporary_directory
from environment.tools import ROOT, MissingToolError
from pebble_layer import CA_DIRECTORY

STUB = Path(__file__).with_name("hook_command.sh")
HOOK_COMMANDS = (
    *("application-version-set", "close-port", "config-get", "is-leader", "juju-log"),
    *("network-get", "open-port", "opened-ports", "relation-get", "relation-ids"),
    *("relation-list", "relation-set", "secret-get", "status-set"),
)
APP, UNIT, CONTAINER = "fastapi-demo", "fastapi-demo/0", "demo-server"
PROVIDER, PROVIDER_UNIT = "postgresql-k8s", "postgresql-k8s/0"
MODEL = "01234567-89ab-4cde-8f01-23456789abcd"
USER, TLS = f"secret://{MODEL}/user", f"secret://{MODEL}/tls"
SECRET = "secret-get --format=json {}"
OTHER_ENDPOINTS = ("grafana-dashboard", "ingress", "logging", "metrics-endpoint")
REQUEST = {
    "database": "names_db",
    "requested-secrets": '["username", "password", "tls", "tls-ca", "uris", "read-only-uris"]',
}
DISPATCH = """\
#!/bin/sh
charm="${0%/*}"
PYTHONPATH="$charm/lib:$charm/src" exec "$charm/venv/bin/python" "$charm/src/charm.py"
"""


class BenchmarkError(Exception):
    """There is no charm to measure, or it fails. The text says why."""


def uv(*arguments: str, **variables: str) -> str:
    """Run uv in this clone; return what it prints."""
    done = subprocess.run(
        [Path(sys.executable).with_name("uv"), *arguments],
        cwd=ROOT,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise BenchmarkError(f"uv {arguments[0]} fails: {done.stderr.strip()}")
    return done.stdout


def lay_out_clone(charm: Path) -> None:
    """Lay out the charm of this clone, with its dependencies alone."""
    for sources in ("src", "lib"):
        shutil.copytree(ROOT / sources, charm / sources)
    sections = yaml.safe_load((ROOT / "charmcraft.yaml").read_text())
    for name in ("config", "actions"):
        (charm / f"{name}.yaml").write_text(yaml.safe_dump(sections.pop(name)))
    (charm / "metadata.yaml").write_text(yaml.safe_dump(sections))
    (charm / "dispatch").write_text(DISPATCH)
    sync = ("sync", "--quiet", "--frozen", "--no-dev", f"--python={sys.executable}")
    uv(*sync, UV_PROJECT_ENVIRONMENT=str(charm / "venv"))


def lay_out_file(file: Path, charm: Path) -> None:
    """Unpack a packed charm, and give it a Python of the version that it was packed for."""
    try:
        with zipfile.ZipFile(file) as archive:
            archive.extractall(charm)
        (libraries,) = (charm / "venv/lib").glob("python3.*")
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise BenchmarkError(f"{file} is no packed charm: {error}") from None
    version = libraries.name.removeprefix("python")
    python = Path(uv("python", "find", "--no-python-downloads", version).strip()).resolve()
    (charm / "venv/pyvenv.cfg").write_text(f"home = {python.parent}\n")
    (charm / "venv/bin").mkdir(exist_ok=True)
    (charm / "venv/bin/python").unlink(missing_ok=True)
    (charm / "venv/bin/python").symlink_to(python)


def lay_out_empty(other: Path, charm: Path) -> None:
    """Lay out a charm that does nothing, with the metadata and the Python of another one."""
    shutil.copytree(other, charm, ignore=shutil.ignore_patterns("src", "lib", "venv"))
    (charm / "dispatch").write_text(DISPATCH)
    (charm / "venv").symlink_to(other / "venv")
    (charm / "src").mkdir()
    (charm / "src/charm.py").write_text("import ops\n\nops.main(ops.CharmBase)\n")


class Cost(NamedTuple):
    """What one run of a charm took."""

    calls: list[str]
    """The hook commands, with their arguments."""
    writes: int
    starts: int
    cpu: float
    """Seconds, of the charm and its hook commands."""


class Bench:
    """Runs charms as the leader with a database and TLS, on Pebble and stubs of the hook commands."""

    def __init__(self, directory: Path, pebble: Pebble) -> None:
        self.pebble = pebble
        self.port, self.ca = free_port(), CertificateAuthority("a CA").pem
        self.commands = directory / "hook-commands"
        self.commands.mkdir()
        for command in HOOK_COMMANDS:
            (self.commands / command).symlink_to(STUB)

    def answer(self, host: str, password: str) -> None:
        """Set what the hook commands answer."""
        databag = {"endpoints": f"{host}:5432", "database": "names_db", "version": "14.15"}
        databag |= {"secret-user": USER, "secret-tls": TLS}
        get = "relation-get --format=json -r database:1"
        user = {"username": "relation_id_1", "password": password}
        tls = {"tls": "True", "tls-ca": self.ca}
        answers: Mapping[str, object] = {
            "config-get --format=json": {
                "server-port": self.port,
                "tls-verification": "verify-full",
            },
            "is-leader --format=json": True,
            "opened-ports --format=json": [f"{self.port}/tcp"],
            "relation-ids database --format=json": ["database:1"],
            **{f"relation-ids {name} --format=json": [] for name in OTHER_ENDPOINTS},
            "relation-list --format=json -r database:1": [PROVIDER_UNIT],
            "relation-list --format=json --app -r database:1": PROVIDER,
            f"{get} --app - {APP}": REQUEST,
            f"{get} --app - {PROVIDER}": databag,
            f"{get} - {UNIT}": {},
            f"{get} - {PROVIDER_UNIT}": {"ingress-address": "192.0.2.1"},
            **dict.fromkeys((SECRET.format(USER), SECRET.format(f"{USER} --refresh")), user),
            **dict.fromkeys((SECRET.format(TLS), SECRET.format(f"{TLS} --refresh")), tls),
        }
        for call, answer in answers.items():
            file = self.commands / call  # the names of units and the URIs have slashes in them
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(f"printf '%s' {shlex.quote(json.dumps(answer))}\n")

    def run(self, charm: Path, hook: str, **variables: str) -> Cost:
        """Run a hook of a charm."""
        (self.commands / "calls").write_text("")
        writes, servers = self.pebble.writes(), self.pebble.processes()
        environment = {
            "LANG": "C.UTF-8",
            "PATH": f"{self.commands}:/usr/bin:/bin",
            "JUJU_CHARM_DIR": str(charm),
            "JUJU_DISPATCH_PATH": f"hooks/{hook}",
            "JUJU_HOOK_NAME": hook,
            "JUJU_MODEL_NAME": "model",
            "JUJU_MODEL_UUID": MODEL,
            "JUJU_UNIT_NAME": UNIT,
            "JUJU_VERSION": "3.6.9",
        }
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run(
            [charm / "dispatch"],
            cwd=charm,
            env=environment | variables,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        calls = (self.commands / "calls").read_text().splitlines()
        if done.returncode != 0:  # ops reports an exception by juju-log, if it comes so far
            raise BenchmarkError("\n".join((f"{hook} fails:", *calls[-2:], done.stderr)))
        return Cost(
            calls,
            self.pebble.writes() - writes,
            len(self.pebble.processes() - servers),
            after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
        )


def measure(file: Path | None, pairs: int) -> None:
    """Run an event of each kind, then pairs of quiet ones; print the figures."""
    with temporary_directory() as directory, ExitStack() as parts:
        ours, empty = directory / "ours", directory / "empty"
        ours.mkdir()
        with busy(f"Laying out {file.name if file else 'the charm of this clone'}"):
            lay_out_file(file, ours) if file else lay_out_clone(ours)
            lay_out_empty(ours, empty)
            for program in (*directory.glob("*/dispatch"), *directory.glob("*/src/charm.py")):
                program.chmod(0o755)
        pebble = Pebble(directory / "pebble", STUB_IMAGE)
        socket = Path("/charm/containers", CONTAINER, "pebble.socket")
        socket.parent.mkdir(parents=True)
        socket.symlink_to(pebble.socket)
        parts.callback(shutil.rmtree, CA_DIRECTORY, ignore_errors=True)
        parts.callback(pebble.kill)
        pebble.start()
        bench = Bench(directory, pebble)
        with busy(f"Running the events, and {pairs} pairs of quiet ones"):
            relation = {"JUJU_RELATION": "database", "JUJU_RELATION_ID": "database:1"}
            relation |= {"JUJU_REMOTE_APP": PROVIDER, "JUJU_REMOTE_UNIT": PROVIDER_UNIT}
            bench.answer("one.example", "one password")
            ready = bench.run(ours, f"{CONTAINER}-pebble-ready", JUJU_WORKLOAD_NAME=CONTAINER)
            costs = {"pebble-ready": ready, "update-status": bench.run(ours, "update-status")}
            bench.answer("other.example", "one password")
            costs["failover"] = bench.run(ours, "database-relation-changed", **relation)
            bench.answer("other.example", "another one")
            costs["rotation"] = bench.run(ours, "secret-changed", JUJU_SECRET_ID="secret:user")
            last_calls = costs["rotation"].calls
            if not any("status-set" in call and "active" in call for call in last_calls):
                raise BenchmarkError("the unit is not active: see make demo")
            ratios = [
                bench.run(ours, "update-status").cpu / bench.run(empty, "update-status").cpu
                for _ in range(pairs)
            ]
    say(f"\n{'event':18}{'hook commands':>16}{'Pebble writes':>15}{'starts':>10}")
    for name, cost in costs.items():
        say(f"{name:18}{len(cost.calls):16}{cost.writes:15}{cost.starts:10}")
    cpu = f"{median(ratios):.2f} times the CPU of an empty charm"
    calls = costs["update-status"].calls
    say("\n   ".join([f"\nA quiet event (update-status) takes {cpu}. It calls:", *calls]))


def main() -> int:
    """Measure and print; return 1 when that could not be done."""
    parser = argparse.ArgumentParser(description="What an event costs.")
    parser.add_argument("--charm", type=Path, help="a packed charm instead of this clone's")
    parser.add_argument("--pairs", type=int, default=30, help="of quiet events (default: 30)")
    options = parser.parse_args()
    errors = (BenchmarkError, MissingToolError)
    return exit_code("The benchmark", lambda: measure(options.charm, options.pairs), *errors)


if __name__ == "__main__":
    sys.exit(main())
