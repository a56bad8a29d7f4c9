"""From the revision that is published to the one that is packed here, with nothing lost on the way."""

from pathlib import Path

import jubilant
import pytest
from pydantic import BaseModel

from environment.waiting import wait_for
from integration.demo import APP, Demo

NAMES = ["maksim", "simon"]
TRACK, RISK = "latest", "edge"


class _Info(BaseModel):
    """What ``juju info`` says of a charm, as far as it is of use here."""

    channels: dict[str, dict[str, object]]


def _is_published(juju: jubilant.Juju) -> bool:
    try:
        info = juju.cli("info", APP, "--format=json", include_model=False)
    except jubilant.CLIError as error:
        if "No information found" in str(error.stderr):
            return False
        raise
    return RISK in _Info.model_validate_json(info).channels.get(TRACK, {})


def test_a_refresh_of_what_is_published_keeps_the_names(
    demo: Demo, charm: Path, resources: dict[str, str], postgresql_channel: str
) -> None:
    if not _is_published(demo.juju):
        pytest.skip(f"Charmhub has nothing in {TRACK}/{RISK} of {APP} yet")
    demo.juju.deploy(APP, channel=f"{TRACK}/{RISK}")
    demo.connect(postgresql_channel)
    for name in NAMES:
        demo.add_name(name)

    demo.juju.refresh(APP, path=charm, resources=resources)

    wait_for(
        "the packed charm",
        lambda: demo.juju.status().apps[APP].charm_origin == "local",
        seconds=300,
    )
    demo.wait_for_status("active", minutes=15)
    assert demo.wait_for_names(seconds=300) == NAMES
