"""Containers come, go and fail; the server comes back, and the status says what is so."""

import json
import logging
import os
import signal
from pathlib import Path

import pytest
from ops.testing import Relation

from environment.images import ROCK_2_0, STUB_PATH, Image
from environment.stages import Stage, run_stage
from environment.steps import ANSWER, run_check, status_after_event
from environment.waiting import wait_for
from functional.needed import needed

NOT_RUNNING = "blocked: Server does not run, see its log. Pebble: "


def test_a_restarted_container_gets_its_server_back(connected: Stage) -> None:
    connected.pebble.kill()
    assert status_after_event(connected) == "maintenance: Waiting for Pebble in workload container"

    connected.pebble.start()
    connected.juju.pebble_ready()

    connected.server.wait_until_up()
    assert status_after_event(connected) == "active"
    assert connected.server.names() is not None
    version = {"version": connected.juju.state.workload_version}
    assert json.loads(connected.server.ask("/version").text) == version


def test_a_failed_start_is_told_until_it_heals_and_not_after_a_later_crash(tmp_path: Path) -> None:
    broken = tmp_path / "uvicorn"
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    image = Image(env={"PATH": f"{tmp_path}{os.pathsep}{STUB_PATH}"})
    with needed(), run_stage(image) as stage:
        # Between two attempts the server seems to run for a moment.
        def is_told() -> bool:
            return status_after_event(stage).startswith(NOT_RUNNING)

        def crash() -> bool:
            for process in stage.pebble.processes():
                os.kill(process, signal.SIGKILL)
            return is_told()

        stage.juju.deploy()
        stage.juju.relate(Relation("database", remote_app_data=ANSWER))
        wait_for("the status", is_told)
        run_check(stage, "fastapi-ready")
        wait_for("the status", is_told)

        broken.unlink()
        stage.server.wait_until_up()
        run_check(stage, "fastapi-ready")
        assert stage.juju.status == "active"

        wait_for("the status", crash)
        assert stage.juju.status == f"{NOT_RUNNING}the server exited, will restart"
        stage.server.wait_until_up()
        assert status_after_event(stage) == "active"


@pytest.mark.parametrize("image", [ROCK_2_0], indirect=True, ids=["rock"])
def test_a_server_that_hangs_is_restarted_by_pebble_once_and_the_charm_waits_for_it(
    connected: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    (process,) = connected.pebble.processes()
    os.kill(process, signal.SIGSTOP)
    caplog.set_level(logging.ERROR)

    run_check(connected, "fastapi-ready")

    is_served = connected.pebble.is_ready
    assert not is_served
    seen = {connected.juju.status}
    while connected.pebble.processes() <= {process}:  # Pebble gives it 5 s to end, then waits
        seen.add(status_after_event(connected))
    assert {status.partition(":")[0] for status in seen} == {"maintenance"}, seen
    connected.server.wait_until_up()
    run_check(connected, "fastapi-ready")
    assert connected.juju.status == "active"
    assert len(connected.pebble.processes()) == 1
    assert [record.message for record in caplog.records] == []


def test_a_command_that_is_not_there_is_a_status() -> None:
    with needed(), run_stage(Image(env={"PATH": "/nowhere"})) as stage:
        stage.juju.deploy()
        stage.juju.relate(Relation("database", remote_app_data=ANSWER))

        assert "executable file not found" in stage.juju.status
        assert "executable file not found" in str(stage.juju.run_action("status-detail"))
