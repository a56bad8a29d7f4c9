"""What an operator does with the charm, in this order, in one model of a real controller.

Every step ends where the next one begins: one unit, connected, on the default port.
"""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from environment.waiting import wait_for
from integration.demo import APP, PORT, POSTGRESQL, RELATION, Demo

NO_DATABASE = "Waiting for database relation"
NAMES = ["maksim", "simon"]
OTHER_PORT = 8080
ROCK = "ghcr.io/canonical/api_demo_server/api-demo-server:2.0.0"


def is_well(demo: Demo) -> None:
    """Wait until the unit is active and serves all names."""
    demo.wait_for_status("active", minutes=15)
    assert demo.wait_for_names(seconds=300) == NAMES


@pytest.mark.juju_setup
def test_deployed_alone_it_asks_for_a_database(
    demo: Demo, charm: Path, resources: dict[str, str]
) -> None:
    demo.juju.deploy(charm, APP, resources=resources)

    demo.wait_for_status("blocked", NO_DATABASE, minutes=15)


@pytest.mark.juju_setup
def test_integrated_it_becomes_active_and_keeps_names(demo: Demo, postgresql_channel: str) -> None:
    demo.connect(postgresql_channel)

    assert demo.wait_for_names() == []
    for name in NAMES:
        demo.add_name(name)
    assert demo.wait_for_names() == NAMES


def test_another_port_is_served_in_place_of_the_first(demo: Demo) -> None:
    demo.juju.config(APP, {"server-port": OTHER_PORT})

    assert demo.wait_for_names(port=OTHER_PORT) == NAMES
    assert not demo.is_served(PORT)
    demo.wait_for_status("active")

    demo.juju.config(APP, {"server-port": PORT})
    is_well(demo)


def test_port_22_blocks_until_it_is_corrected_and_the_server_runs_on(demo: Demo) -> None:
    demo.juju.config(APP, {"server-port": 22})

    demo.wait_for_status("blocked", "Invalid port number, 22 is reserved for SSH")
    assert demo.wait_for_names() == NAMES

    demo.juju.config(APP, {"server-port": PORT})
    demo.wait_for_status("active")


def test_three_units_serve_the_same_names_also_after_a_rotation(demo: Demo) -> None:
    demo.juju.add_unit(APP, num_units=2)
    demo.wait_for_status("active", units=3, minutes=15)
    assert [demo.wait_for_names(unit=unit) for unit in range(3)] == [NAMES] * 3

    demo.rotate_password()

    assert [demo.wait_for_names(unit=unit) for unit in range(3)] == [NAMES] * 3
    demo.wait_for_status("active", units=3)

    demo.juju.remove_unit(APP, num_units=2)
    is_well(demo)


@pytest.mark.skipif(
    shutil.which("kubectl") is None and not os.environ.get("CI"), reason="there is no kubectl"
)
def test_a_deleted_pod_comes_back_with_its_names(demo: Demo) -> None:
    namespace = demo.juju.status().model.name
    # Returns when the pod is gone.
    subprocess.run(["kubectl", "delete", "pod", f"--namespace={namespace}", f"{APP}-0"], check=True)

    assert demo.wait_for_names(seconds=600) == NAMES
    demo.wait_for_status("active")


def test_get_db_info_shows_credentials_only_on_request(demo: Demo, postgresql_channel: str) -> None:
    info = demo.db_info()

    assert info["db-name"] == "names_db"
    assert info["db-port"] == "5432"
    assert info["db-tls"] == "off"
    assert info["db-version"].startswith(f"{_track(postgresql_channel)}.")
    assert info.keys().isdisjoint({"db-username", "db-password"})

    with_password = demo.db_info(show_password=True)
    # Compared before they are asserted on, so that a failure prints no password.
    is_complete = bool(with_password["db-username"] and with_password["db-password"])
    assert is_complete


@pytest.mark.parametrize(
    ("scope", "components"),
    [("app", {"config", "database"}), ("unit", {"config", "database", "workload"})],
)
def test_status_detail_has_every_component_and_all_are_well(
    demo: Demo, scope: str, components: set[str]
) -> None:
    rows = demo.status_rows(scope)

    assert {row["Component Name"] for row in rows} == components
    assert {row["Status"] for row in rows} == {"Active"}


def test_a_new_relation_finds_the_same_names(demo: Demo) -> None:
    demo.disconnect()
    demo.wait_for_status("blocked", NO_DATABASE)

    demo.juju.integrate(*RELATION)
    is_well(demo)


def test_tls_is_verified_while_the_database_offers_it(demo: Demo, postgresql_channel: str) -> None:
    if _track(postgresql_channel) == "14":
        endpoint = "certificates"
    else:
        # Its certificates name the units, not the service that clients connect to.
        demo.juju.config(APP, {"tls-verification": "verify-ca"})
        endpoint = "client-certificates"
    relation = (f"{POSTGRESQL}:{endpoint}", "self-signed-certificates:certificates")
    demo.juju.deploy("self-signed-certificates", channel="1/stable")
    demo.juju.integrate(*relation)

    demo.wait_for_tls("on, verified")
    is_well(demo)

    demo.juju.remove_relation(*relation)
    demo.wait_for_tls("off")
    is_well(demo)
    demo.juju.config(APP, {"tls-verification": "verify-full"})


def test_a_refresh_in_place_keeps_all_as_it_was(
    demo: Demo, charm: Path, resources: dict[str, str]
) -> None:
    before = demo.juju.status().apps[APP].charm_rev
    demo.juju.refresh(APP, path=charm, resources=resources)

    wait_for(
        "the new revision of the charm",
        lambda: demo.juju.status().apps[APP].charm_rev > before,
        seconds=300,
    )
    is_well(demo)


def test_a_rock_serves_the_same_names(demo: Demo) -> None:
    demo.juju.cli("attach-resource", APP, f"demo-server-image={ROCK}")

    wait_for(
        "the version of the rock",
        lambda: demo.juju.status().apps[APP].version.startswith("2."),
        seconds=600,
    )
    is_well(demo)


def _track(channel: str) -> str:
    """Return the major version: the track of PostgreSQL's channels."""
    return channel.partition("/")[0]
