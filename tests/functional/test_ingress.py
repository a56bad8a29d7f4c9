"""A real Traefik in front of the real server: what works without a prefix works behind one."""

import http.client
import json
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode, urljoin, urlsplit

import pytest

from environment import tools
from environment.free_ports import free_port
from environment.real_traefik import Traefik
from environment.simulated_provider import Provider
from environment.stages import Stage
from environment.steps import integrate, restarts
from environment.waiting import wait_for
from functional.needed import needed

INGRESS = "ingress"
REFUSED_PORT = 65535


def ask(url: str, form: dict[str, str] | None = None) -> tuple[int, str, str]:
    """Get or post; return the status, where a redirect leads to, and the text."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=20)
    try:
        if form is None:
            connection.request("GET", parts.path)
        else:
            headers = {"Content-Type": "application/x-www-form-urlencoded"}
            connection.request("POST", parts.path, urlencode(form), headers)
        response = connection.getresponse()
        return response.status, response.headers.get("Location", ""), response.read().decode()
    finally:
        connection.close()


def is_up(url: str) -> bool:
    """Whether the server answers there."""
    return ask(f"{url}/version")[0] == http.HTTPStatus.OK


@pytest.fixture(autouse=True)
def _pod(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the pod would be is this machine."""
    monkeypatch.setattr(socket, "getfqdn", lambda: "localhost")
    monkeypatch.setattr(socket, "gethostbyname", lambda _name: "10.1.2.3")


@pytest.fixture
def traefik(tmp_path: Path) -> Iterator[Traefik]:
    with needed():
        executable = tools.traefik()
    server = Traefik(executable, tmp_path / "traefik", free_port())
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture
def url(stage: Stage, provider: Provider, traefik: Traefik) -> str:
    """A server with a database and an ingress: the URL."""
    integrate(stage, provider)
    stage.juju.integrate_at(INGRESS, "traefik-k8s")
    return routed(stage, traefik)


def routed(stage: Stage, traefik: Traefik) -> str:
    """Make the route that is asked for, tell its URL to the charm, and wait for the server there."""
    url = traefik.route(stage.juju.relation_at(INGRESS))
    answer(stage, {"url": url})
    wait_for("the server behind the ingress", lambda: is_up(url))
    return url


def answer(stage: Stage, value: object) -> None:
    stage.juju.answer_at(INGRESS, {"ingress": json.dumps(value)})


def test_names_are_kept_behind_the_prefix(url: str) -> None:
    name = "from behind the prefix"  # the database has names of other tests, too
    assert ask(f"{url}/addname/", {"name": name})[0] == http.HTTPStatus.OK

    status, _, text = ask(f"{url}/names")
    assert status == http.HTTPStatus.OK
    assert name in json.loads(text)["names"].values()


def test_the_documentation_finds_its_description_behind_the_prefix(url: str) -> None:
    status, _, page = ask(f"{url}/docs")
    assert status == http.HTTPStatus.OK
    found = re.search(r"url: '([^']*openapi\.json)'", page)
    assert found is not None

    status, _, text = ask(urljoin(f"{url}/docs", found[1]))
    assert status == http.HTTPStatus.OK
    assert json.loads(text)["servers"] == [{"url": urlsplit(url).path}]


def test_a_redirect_stays_behind_the_prefix(url: str) -> None:
    _, location, _ = ask(f"{url}/addname", {"name": "maksim"})

    assert urljoin(url, location) == f"{url}/addname/"


def test_pebble_and_prometheus_find_the_server_without_the_prefix(stage: Stage, url: str) -> None:
    for path in ("/version", "/metrics"):
        assert ask(f"{stage.server.url}{path}")[0] == http.HTTPStatus.OK


def test_the_server_restarts_for_another_prefix_and_for_nothing_else(
    stage: Stage, url: str
) -> None:
    assert restarts(stage, lambda: answer(stage, {"url": f"{url}-2"})) == 1
    assert restarts(stage, lambda: answer(stage, {"url": f"{url}-2"})) == 0
    assert restarts(stage, lambda: answer(stage, {"url": "nonsense"})) == 0
    assert restarts(stage, lambda: stage.juju.answer_at(INGRESS, {})) == 0
    assert restarts(stage, lambda: stage.juju.remove_relation_at(INGRESS)) == 1
    stage.server.wait_until_up()
    assert stage.juju.status == "active"


def test_a_refused_port_is_served_without_a_route_until_there_is_another(
    stage: Stage, url: str, traefik: Traefik
) -> None:
    port = stage.server.port
    if free_port(preferred=REFUSED_PORT) != REFUSED_PORT:
        pytest.skip(f"port {REFUSED_PORT} is taken")

    assert restarts(stage, lambda: stage.juju.configure(server_port=REFUSED_PORT)) == 1
    stage.server.port = REFUSED_PORT
    stage.server.wait_until_up()
    assert "65535" in stage.juju.status

    assert restarts(stage, lambda: stage.juju.configure(server_port=port)) == 1
    assert routed(stage, traefik) == url
    assert stage.juju.status == "active"
