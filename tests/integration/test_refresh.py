"""From a revision before to the one that is packed here, with nothing lost on the way."""

import os
from pathlib import Path

import jubilant
import pytest
from pydantic import BaseModel

from environment.waiting import wait_for
from integration.demo import APP, Demo

NAMES = ["maksim", "simon"]
TRACK, RISK = "latest", "edge"


class _Info(BaseModel):
    channels: dict[str, dict[str, object]]


def is_published(juju: jubilant.Juju) -> bool:
    try:
        info = juju.cli("info", APP, "--format=json", include_model=False)
    except jubilant.CLIError as error:
        if "No information found" in str(error.stderr):
            return False
        raise
    return RISK in _Info.model_validate_json(info).channels.get(TRACK, {})


def revision(demo: Demo) -> tuple[str, int]:
    app = demo.juju.status().apps[APP]
    return app.charm_origin, app.charm_rev


def test_a_refresh_keeps_the_names(
    demo: Demo, charm: Path, resources: dict[str, str], postgresql_channel: str
) -> None:
    if named := os.environ.get("CHARM_BEFORE"):
        demo.juju.deploy(Path(named).resolve(strict=True), APP, resources=resources)
    elif is_published(demo.juju):
        demo.juju.deploy(APP, channel=f"{TRACK}/{RISK}")
    else:
        pytest.skip(f"Charmhub has nothing in {TRACK}/{RISK} of {APP} yet: set CHARM_BEFORE")
    demo.connect(postgresql_channel)
    for name in NAMES:
        demo.add_name(name)
    before = revision(demo)

    try:
        demo.juju.refresh(APP, path=charm, resources=resources)
    except jubilant.CLIError as error:
        if "provided endpoints" not in str(error.stderr):
            raise
        pytest.skip("Juju 4.0.15 refreshes only from a revision with the same endpoints")

    wait_for("the packed charm", lambda: revision(demo) != before, seconds=300)
    demo.wait_for_status("active", minutes=15)
    assert demo.wait_for_names(seconds=300) == NAMES
