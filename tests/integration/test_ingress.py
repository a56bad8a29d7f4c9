"""The server behind an ingress, in a model of its own, reached from outside the cluster."""

from pathlib import Path

import pytest
import requests

from environment.waiting import wait_for
from integration.demo import APP, HTTP_TIMEOUT, Demo

TRAEFIK = "traefik-k8s"
INGRESS = (f"{APP}:ingress", f"{TRAEFIK}:ingress")


def ingress(demo: Demo) -> dict[str, str] | None:
    """Return what ``status-detail`` says about the ingress."""
    rows = demo.status_rows("app")
    return next((row for row in rows if row["Component Name"] == "ingress"), None)


def url(demo: Demo) -> str:
    """Wait until there is a route, and return where it begins."""

    def find() -> str:
        row = ingress(demo)
        return row["Message"] if row and row["Status"] == "Active" else ""

    return wait_for("the URL of the ingress", find, seconds=15 * 60).rstrip("/")


@pytest.mark.juju_setup
def test_with_database_and_ingress_it_is_active_and_says_its_url(
    demo: Demo, charm: Path, resources: dict[str, str], postgresql_channel: str
) -> None:
    demo.juju.deploy(charm, APP, resources=resources)
    demo.juju.deploy(TRAEFIK, channel="latest/stable", trust=True)
    demo.juju.integrate(*INGRESS)
    demo.connect(postgresql_channel)

    assert url(demo).endswith(f"-{APP}")


def test_names_are_served_behind_the_prefix(demo: Demo) -> None:
    demo.add_name("maksim")

    assert demo.wait_for_names(url=url(demo)) == ["maksim"]


def test_the_documentation_finds_its_description_behind_the_prefix(demo: Demo) -> None:
    prefixed = url(demo)

    page = requests.get(f"{prefixed}/docs", timeout=HTTP_TIMEOUT)
    page.raise_for_status()
    assert f"/{prefixed.rpartition('/')[2]}/openapi.json" in page.text

    requests.get(f"{prefixed}/openapi.json", timeout=HTTP_TIMEOUT).raise_for_status()


def test_without_the_ingress_the_server_goes_on(demo: Demo) -> None:
    demo.juju.remove_relation(*INGRESS)

    wait_for("the ingress to be gone", lambda: ingress(demo) is None, seconds=300)
    demo.wait_for_status("active")
    assert demo.wait_for_names() == ["maksim"]
