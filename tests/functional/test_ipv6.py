"""A pod that has an IPv6 address alone: it listens there, and says so."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from ops.testing import Relation

from environment.stages import run_stage
from environment.steps import ANSWER, run_check, status_after_event

ADDRESS = "fd00::7"
# What makes a pod: a network, a name and a hosts file of its own.
POD = f"""
hostname pod
ip link set lo up
ip address add {ADDRESS}/128 dev lo nodad
printf '127.0.0.1 localhost\\n::1 localhost\\n{ADDRESS} pod\\n' > "$1"
mount --bind "$1" /etc/hosts
shift
exec "$@"
"""


def in_pod(hosts: Path, *command: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a command in a pod of its own."""
    unshare = ["unshare", "--mount", "--net", "--uts"]
    if os.geteuid() != 0:
        unshare.append("--map-root-user")
    return subprocess.run(
        [*unshare, "sh", "-ec", POD, "pod", hosts, *command],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )


def test_a_pod_with_ipv6_alone_is_reached(tmp_path: Path) -> None:
    probe = in_pod(tmp_path / "hosts", "true")
    if probe.returncode != 0:
        pytest.skip(f"no network namespace can be made here: {probe.stderr.strip()}")

    done = in_pod(tmp_path / "hosts", sys.executable, __file__)

    assert done.returncode == 0, done.stdout + done.stderr


def live_in_the_pod() -> None:
    """Integrate, and look from the pod's own address."""
    with run_stage() as stage:
        stage.juju.relate(Relation("ingress"))
        stage.juju.relate(Relation("database", remote_app_data=ANSWER))
        stage.server.wait_until_up()

        assert stage.server.ask("/version", client=ADDRESS).status == 200
        run_check(stage, "fastapi-ready")
        assert stage.pebble.is_ready
        assert status_after_event(stage) == "active"
        assert stage.juju.state.workload_version
        written: Mapping[str, str] = stage.juju.relation_at("ingress").local_unit_data
        assert json.loads(written["ip"]) == ADDRESS


if __name__ == "__main__":
    live_in_the_pod()
